import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  watch,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nanoid } from 'nanoid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OUTPUT_MAX_BYTES, run, type ProcessCommand } from '../../../src/effects/process/run.ts';
import { libc } from '../../../src/syscalls/libc.ts';
import { survivorsOf } from './survivors.ts';

// Makes a descriptor one that is inherited, as those are that a shell hands down.
const FIONCLEX = 0x5450n;

let operation: string;
let dir: string;

beforeEach(() => {
  operation = nanoid();
  dir = mkdtempSync(join(tmpdir(), 'mooring-run-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
  expect(survivorsOf(operation)).toEqual([]);
});

const sh = (script: string, command: Partial<ProcessCommand> = {}) =>
  run({
    file: '/bin/sh',
    args: ['-c', script],
    env: {},
    stdin: '',
    operation,
    timeoutMs: 60_000,
    graceMs: 60_000,
    signal: new AbortController().signal,
    ...command
  });

/** The pipes and sockets that this process has open. */
function descriptors(): readonly string[] {
  return readdirSync('/proc/self/fd')
    .map((fd) => `${fd} ${targetOf(fd)}`)
    .filter((text) => /pipe:|socket:/.test(text));
}

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

describe('a program that ends by itself', () => {
  it('is answered with its status and what it wrote', async () => {
    const exit = await sh('cat; echo noise >&2; exit 3', { stdin: '{"a":1}' });

    expect(exit).toEqual({
      exitCode: 3,
      signal: undefined,
      stdout: '{"a":1}',
      stderr: 'noise\n',
      timedOut: false,
      outputTooLarge: false,
      aborted: false,
      spawnError: undefined
    });
  });

  it('inherits nothing of the environment', async () => {
    process.env['NODE_OPTIONS'] ??= '';
    process.env['CNI_COMMAND'] = 'stray';
    const exit = await sh('tr "\\0" "\\n" </proc/$$/environ', { env: { CNI_COMMAND: 'ADD' } });
    delete process.env['CNI_COMMAND'];

    expect(exit.stdout.trim().split('\n').sort()).toEqual([
      'CNI_COMMAND=ADD',
      `MOORING_OPERATION=${operation}`,
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin'
    ]);
  });

  it('has three descriptors, whatever this process holds and was given', async () => {
    const held = openSync('/etc/passwd', 'r');
    libc('ioctl', held, FIONCLEX, 0n);
    const exit = await sh(
      'n=0; while [ $n -lt 300 ]; do [ -e /proc/$$/fd/$n ] && printf "$n "; n=$((n + 1)); done'
    );
    closeSync(held);

    expect(exit.stdout).toBe('0 1 2 ');
  });

  it('has the root directory and a session of its own', async () => {
    const exit = await sh('pwd; read -r stat </proc/$$/stat; echo $stat; echo $$');

    const [cwd, stat = '', pid] = exit.stdout.trim().split('\n');
    expect(cwd).toBe('/');
    const [, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    expect([group, session]).toEqual([pid, pid]);
  });

  it('has no inheritable and no ambient capabilities', async () => {
    const { stdout } = await sh('grep -E "^Cap(Inh|Amb)" /proc/$$/status');

    expect(stdout.match(/0{16}/g)).toHaveLength(2);
  });

  it.each([0, 1, 4096, 4097, 200_000])(
    'gets an input of %i bytes whole, and its end',
    async (bytes) => {
      const { stdout } = await sh('wc -c', { stdin: 'x'.repeat(bytes) });

      expect(Number(stdout)).toBe(bytes);
    }
  );

  it('gets letters of several bytes as they are', async () => {
    const stdin = 'ü€'.repeat(1000);
    const { stdout } = await sh('cat', { stdin });

    expect(stdout).toBe(stdin);
  });

  it.each(['input', 'a'.repeat(200_000)])('leaves none of our descriptors open', async (stdin) => {
    const before = descriptors();
    await Promise.all(
      ['cat', 'exec <&-', 'exit 3', 'kill -9 $$'].map((script, index) =>
        sh(script, { stdin, operation: `${operation.slice(1)}${index}` })
      )
    );
    const { spawnError } = await sh('', { stdin, file: '/nowhere/at-all' });
    expect(spawnError?.code).toBe('ENOENT');

    expect(descriptors()).toEqual(before);
  });

  it('holds nobody up by not reading a large input', async () => {
    const exit = await sh('exec sleep 1000', {
      stdin: 'x'.repeat(200_000),
      timeoutMs: 50,
      graceMs: 20
    });

    expect(exit).toMatchObject({ timedOut: true, signal: 'SIGTERM' });
  });

  it('may leave its input unread', async () => {
    const exit = await sh('exec <&-; echo done', { stdin: 'x'.repeat(4 * 1024 * 1024) });

    expect(exit).toMatchObject({ exitCode: 0, stdout: 'done\n' });
  });

  it('may log without end', async () => {
    const exit = await sh('head -c 3000000 /dev/zero | tr "\\0" x >&2; echo done');

    expect(exit).toMatchObject({ exitCode: 0, stdout: 'done\n', outputTooLarge: false });
    expect(exit.stderr).toHaveLength(OUTPUT_MAX_BYTES);
  });

  it('may write exactly as much as is kept', async () => {
    const exit = await sh(`head -c ${OUTPUT_MAX_BYTES} /dev/zero | tr "\\0" x`);

    expect(exit).toMatchObject({ exitCode: 0, outputTooLarge: false });
    expect(exit.stdout).toHaveLength(OUTPUT_MAX_BYTES);
  });

  it('may close its output long before it ends', async () => {
    const exit = await sh('echo done; exec >&- 2>&-; sleep 0.1; exit 4');

    expect(exit).toMatchObject({ exitCode: 4, stdout: 'done\n' });
  });

  it('is not left among the processes', async () => {
    const { stdout } = await sh('echo $$');

    expect(existsSync(`/proc/${stdout.trim()}`)).toBe(false);
  });

  it('is told from one that a signal ended', async () => {
    const exit = await sh('kill -SEGV $$');

    expect(exit).toMatchObject({ exitCode: undefined, signal: 'SIGSEGV' });
  });
});

describe('what it leaves behind', () => {
  it('does not delay the answer by holding stdout, and does not live on', async () => {
    const exit = await sh('sleep 1000 & echo done');

    expect(exit).toMatchObject({ exitCode: 0, stdout: 'done\n' });
  });

  it('does not live on in its group', async () => {
    const exit = await sh('sleep 1000 >/dev/null 2>&1 </dev/null & echo done');

    expect(exit).toMatchObject({ exitCode: 0, stdout: 'done\n' });
  });

  it('does not live on in another session when it holds stdout', async () => {
    const exit = await sh('setsid sleep 1000 & echo done');

    expect(exit.stdout).toBe('done\n');
  });

  it('may be a daemon in a session of its own that has closed its output', async () => {
    // It lives on once it leads a session, so its parent waits for that.
    const isLeader = '[ "$(cut -d " " -f 6 /proc/$!/stat)" = $! ]';
    const daemonise = 'setsid sleep 1000 >/dev/null 2>&1 </dev/null &';
    const exit = await sh(`${daemonise} until ${isLeader}; do :; done; echo $!`);

    const daemon = Number(exit.stdout);
    // The number is setsid's own, which becomes the daemon.
    expect(survivorsOf(operation)).toEqual([daemon]);
    process.kill(daemon, 'SIGKILL');
    while (survivorsOf(operation).length > 0) await new Promise(setImmediate);
  });
});

describe('a program that has to be stopped', () => {
  it('is stopped when it hangs', async () => {
    const exit = await sh('sleep 1000', { timeoutMs: 20 });

    expect(exit).toMatchObject({ timedOut: true, signal: 'SIGTERM', exitCode: undefined });
  });

  it('is killed when it does not heed SIGTERM, with its children', async () => {
    const script = 'trap "" TERM; sleep 1000 & while :; do sleep 1000; done';
    const exit = await sh(script, { timeoutMs: 50, graceMs: 20 });

    expect(exit).toMatchObject({ timedOut: true, signal: 'SIGKILL' });
  });

  it('takes along children that have left its session', async () => {
    const exit = await sh('setsid sleep 1000 >/dev/null 2>&1 & sleep 1000', { timeoutMs: 50 });

    expect(exit.timedOut).toBe(true);
  });

  it('is stopped when it writes more than 1 MiB', async () => {
    const exit = await sh('head -c 100000000 /dev/zero; sleep 1000', { graceMs: 20 });

    expect(exit).toMatchObject({ outputTooLarge: true, timedOut: false });
    expect(exit.stdout).toHaveLength(OUTPUT_MAX_BYTES);
  });

  it('is stopped by the signal', async () => {
    const abort = new AbortController();
    const watcher = watch(dir, () => abort.abort());
    const exit = await sh(`: >${dir}/started; sleep 1000`, { signal: abort.signal });
    watcher.close();

    expect(exit).toMatchObject({ aborted: true, timedOut: false });
  });

  it('is not started when the signal has come before', async () => {
    const exit = await sh(`: >${dir}/started`, { signal: AbortSignal.abort() });

    expect(exit).toMatchObject({ aborted: true, exitCode: undefined });
    expect(existsSync(join(dir, 'started'))).toBe(false);
  });
});

describe('a program that cannot be started', () => {
  it.each([
    ['is absent', '/nonexistent/plugin', 'ENOENT'],
    ['is not executable', '/etc/passwd', 'EACCES']
  ])('is told when it %s', async (_, file, code) => {
    const exit = await sh('', { file });

    expect(exit).toMatchObject({ exitCode: undefined, spawnError: { code } });
  });

  it('is tried again while it is being written', async () => {
    const file = join(dir, 'busy');
    writeFileSync(file, readFileSync('/bin/true'), { mode: 0o755 });
    // Held by a process of its own, so that what is spawned here does not inherit it.
    const writer = spawn('/bin/sh', ['-c', `exec 9>>${file}; echo held; read -r _`], {
      stdio: ['pipe', 'pipe', 'inherit']
    });
    await once(writer.stdout, 'data');
    const running = sh('', { file, args: [] });
    setTimeout(() => writer.stdin.end('\n'), 60);

    expect(await running).toMatchObject({ exitCode: 0, spawnError: undefined });
  });
});

it('is loaded only when a program is run', () => {
  const source = readFileSync(
    fileURLToPath(new URL('../../../src/effects/process/run.ts', import.meta.url)),
    'utf8'
  );

  expect(source).not.toMatch(/^import .*'execa'/m);
});
