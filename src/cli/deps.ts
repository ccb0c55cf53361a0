import type * as Api from '../index.ts';
import type * as TestingApi from '../testing.ts';

/** What the commands use of the library. */
export type Library = Pick<
  typeof Api,
  | 'openMooring'
  | 'openAgent'
  | 'notify'
  | 'doctor'
  | 'parseExpose'
  | 'parsePublish'
  | 'parseNetworkOption'
  | 'networkMode'
  | 'engineEventText'
  | 'totalOf'
  | 'DEFAULT_NETWORK'
>;

/** What `replay` uses of `mooring/testing`. */
export type Testing = Pick<typeof TestingApi, 'replay' | 'reportLines' | 'toTest'>;

/** Everything through which a command touches the world, so that tests can stand in for it. */
export interface Deps {
  /** Loads the library; called by commands that need it, so that `--help` stays fast. */
  library(): Promise<Library>;
  testing(): Promise<Testing>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** @returns what ends the subscription */
  onInterrupt(listener: (cause: Interrupt) => void): () => void;
  /**
   * Runs a command inside a container's netns with this process's standard streams.
   *
   * @returns its exit code, 128 + n when signal n ended it
   */
  enter(target: EnterTarget, command: readonly string[]): Promise<number>;
  /** A line from the terminal; absent when standard input is none. Rejects when the signal aborts. */
  readonly ask?: (question: string, signal: AbortSignal) => Promise<string>;
  /** Ends the process at once. */
  quit(code: number): void;
}

export interface EnterTarget {
  readonly netns: Api.Netns;
  /** Shown at `/etc/resolv.conf` and `/etc/hosts`. */
  readonly files: Api.ContainerView['files'];
  /** Shown as the host's name; `undefined` leaves it. */
  readonly hostname: string | undefined;
}

/** Why a command has to stop early; `EPIPE`: nobody reads standard output any more. */
export type Interrupt = 'SIGINT' | 'SIGTERM' | 'EPIPE';

export interface Output {
  /** @returns `false` when the reader is slow: wait for `drained` before writing more */
  write(text: string): boolean;
  /** Rejects when the signal aborts. */
  drained(signal: AbortSignal): Promise<void>;
  readonly isTty: boolean;
  /** Width of the terminal in characters. */
  readonly columns: number;
}
