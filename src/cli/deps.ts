import type * as Api from '../index.ts';
import type * as TestingApi from '../testing.ts';

/** What the commands use of the library. */
export type Library = Pick<
  typeof Api,
  | 'openMooring'
  | 'openAgent'
  | 'openInspector'
  | 'notify'
  | 'doctor'
  | 'parseExpose'
  | 'parsePublish'
  | 'parseNetworkOption'
  | 'networkMode'
  | 'sourceAddressOf'
  | 'engineEventText'
  | 'totalOf'
  | 'DEFAULT_NETWORK'
>;

/** What `replay` uses of `mooring/testing`. */
export type Testing = Pick<
  typeof TestingApi,
  | 'replay'
  | 'reportLines'
  | 'toTest'
  | 'whatIf'
  | 'whatIfLines'
  | 'judge'
  | 'judgedLines'
  | 'loadInvariants'
  | 'JOURNAL_INVARIANTS'
>;

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
  /** Has this process come before those that only compute, where its user may. */
  hurry(): void;
  /** Ends the process at once. */
  quit(code: number): void;
  /** The private host of a user who is not root and stands outside of it; absent for all others. */
  readonly outside?: Outside;
}

/** What a user without root can do with a private host. */
export interface Outside {
  /** Whether there is one for these options. */
  exists(options: Api.MooringOptions): boolean;
  /**
   * Runs a command inside, with this process's standard streams, and makes the private host if need
   * be. With the last that is up in it, it is gone when this resolves.
   *
   * @param command absent: the command line that this process was given
   * @param onStart called when signals are the command's business
   * @returns its exit code, 128 + n when signal n ended it
   */
  run(
    command: readonly string[] | undefined,
    options: Api.MooringOptions,
    onStart: () => void
  ): Promise<number>;
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
