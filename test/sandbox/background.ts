import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { environment, collect, outcome, type Ran, type RunOptions } from './process.ts';

/** A program that goes on inside a sandbox. */
export interface Background {
  /** As processes inside see it. */
  readonly pid: number;
  /** Settles when it has ended. */
  readonly done: Promise<Ran>;
  /** Resolves with the first line of stdout, past or to come, that matches. */
  line(pattern: RegExp): Promise<string>;
  /** Sends a signal; use {@link done} to wait for the end. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** @param enter argv that runs what follows it inside */
export async function startInside(
  enter: readonly string[],
  argv: readonly string[],
  options: RunOptions
): Promise<Background> {
  const [program, ...args] = [...enter, 'sh', '-c', TELL_PID, 'sh', ...argv];
  const child = spawn(program!, args, {
    env: environment(options),
    stdio: ['pipe', 'pipe', 'pipe', 'pipe']
  });
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  const done = outcome(child);
  const heard = listen(child.stdout, done);
  const pid = await pidFrom(child.stdio[3] as NodeJS.ReadableStream, done);

  return {
    pid,
    done,
    line: heard,
    async kill(signal) {
      await collect([...enter, 'kill', '-s', signal.slice('SIG'.length), String(pid)], {});
    }
  };
}

const TELL_PID = 'echo $$ >&3; exec "$@" 3>&-';

async function pidFrom(stream: NodeJS.ReadableStream, done: Promise<Ran>): Promise<number> {
  const over = done.then(({ stderr }) => {
    throw new Error(`it ended before it began: ${stderr}`);
  });
  const [text] = (await Promise.race([once(stream, 'data'), over])) as [Buffer];
  over.catch(() => undefined);
  return Number.parseInt(text.toString(), 10);
}

function listen(stream: NodeJS.ReadableStream, done: Promise<Ran>): Background['line'] {
  const lines: string[] = [];
  const reader = createInterface({ input: stream });
  reader.on('line', (line) => lines.push(line));

  return async (pattern) => {
    const early = lines.find((line) => pattern.test(line));
    if (early !== undefined) return early;
    return new Promise((resolve, reject) => {
      const check = (line: string) => {
        if (pattern.test(line)) resolve(line);
      };
      reader.on('line', check);
      void done.then(({ code, stderr }) => {
        reject(
          new Error(`no line matched ${String(pattern)}, exit code ${String(code)}: ${stderr}`)
        );
      });
    });
  };
}
