import { MooringError, oneLine, type Failure } from '../model/failure.ts';
import { endText, type Child } from './process/child.ts';
import type { ProcessId } from './process/proc.ts';

/**
 * A program that connects a netns to the host's network: slirp4netns or pasta.
 *
 * It is a child of this process and ends with it, whatever ends this process.
 */
export interface Uplink {
  readonly process: ProcessId;
  /** Resolves once it has ended, also when {@link stop} ended it; never rejects. */
  readonly ended: Promise<UplinkEnd>;
  /**
   * Ends it, and resolves when it is gone and its ports are free. More calls do no harm.
   *
   * @throws MooringError `process.stuck`
   */
  stop(): Promise<void>;
}

export interface UplinkEnd {
  /** Whether {@link Uplink.stop} was called before. */
  readonly wanted: boolean;
  /** `slirp.lost` or `pasta.lost`: how it ended, with the last that it said. */
  readonly failure: Failure;
}

/** A program that was just started. */
export interface Launched {
  readonly child: Child;
  /** `slirp`, the area of its failures. */
  readonly area: string;
  /** `slirp4netns` */
  readonly name: string;
  /** Lines on stderr that say nothing. */
  readonly noise: RegExp;
}

export interface Patience {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export const UPLINK_GRACE_MS = 1_000;

/**
 * Waits until the program says that it is ready.
 *
 * @param onReady is given what to call then
 * @throws MooringError `<area>.failed` with all that it said when it ends before, `<area>.timedOut`;
 *   or the signal's reason. It may still run then.
 */
export function untilReady(
  launched: Launched,
  { timeoutMs, signal }: Patience,
  onReady: (ready: () => void) => void
): Promise<void> {
  const { child, area, name } = launched;
  return new Promise<void>((resolve, reject) => {
    const end = performance.now() + timeoutMs;
    const onLate = () => {
      const message = `${name} was not ready after ${timeoutMs} ms${withSaid(launched)}`;
      settle(() => reject(new MooringError(`${area}.timedOut`, message)));
    };
    const late = setTimeout(onLate, timeoutMs);
    const onAbort = () => settle(() => reject(signal.reason));
    const settle = (how: () => void) => {
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
      how();
    };
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    // Which of two is heard first when both are there is chance: what comes late is late.
    onReady(() => (performance.now() < end ? settle(resolve) : onLate()));
    void child.ended.then((how) => {
      const said = saidBy(launched);
      const text = said === '' ? endText(how) : JSON.stringify(said);
      settle(() => reject(new MooringError(`${area}.failed`, `${name} failed: ${text}`)));
    });
  });
}

/** @param forget is called when it has ended, for whatever reason */
export function uplinkOf(launched: Launched, forget: () => void): Uplink {
  const { child, area, name } = launched;
  let wanted = false;
  return {
    process: child.process,
    ended: child.ended.then((end) => {
      forget();
      const message = `${name} ended (${endText(end)})${withSaid(launched)}`;
      return { wanted, failure: { code: `${area}.lost`, message } };
    }),
    async stop() {
      wanted = true;
      await child.stop(UPLINK_GRACE_MS);
    }
  };
}

/** What it complained of, as one line; `''` when it did not. */
export function saidBy({ child, noise }: Pick<Launched, 'child' | 'noise'>): string {
  const lines = child.said('stderr').split('\n');
  const told = lines.filter((line) => line.trim() !== '' && !noise.test(line));
  return oneLine(told.join('; ')).slice(0, 1_000);
}

function withSaid(launched: Launched): string {
  const said = saidBy(launched);
  return said === '' ? '' : `: ${said}`;
}
