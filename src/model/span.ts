/** What passed between a request and its answer: a program that was run, or a wait. */
export type Span = RunSpan | WaitSpan;

export interface RunSpan {
  readonly kind: 'run';
  /** File name of the program: `bridge`, `iptables-save`. */
  readonly program: string;
  /** Of a CNI plugin its command, `ADD`; of another program its arguments, in one line. */
  readonly command: string;
  /** Milliseconds since the epoch. */
  readonly begunAt: number;
  readonly tookMs: number;
  /** `null` when a signal ended it, or it never ran. */
  readonly exitCode: number | null;
  /** Why it ended otherwise than by itself: `SIGKILL`, `timedOut`, `ENOENT`. */
  readonly stopped?: string;
  readonly stdin: Excerpt;
  readonly stdout: Excerpt;
  readonly stderr: Excerpt;
}

export interface WaitSpan {
  readonly kind: 'wait';
  /** `lease`: another process was at it; `lane`: as many plugins ran as may; `plugins`: the host's lock. */
  readonly on: 'lease' | 'lane' | 'plugins';
  readonly begunAt: number;
  readonly tookMs: number;
}

/** The beginning of a text, and how long the whole was. */
export interface Excerpt {
  readonly text: string;
  /** In UTF-16 code units. */
  readonly length: number;
}

/** Waits that are shorter say nothing, and are not kept. */
export const WAIT_MIN_MS = 1;

/** Of one request; a wide range of ports may need hundreds of rules. */
export const SPANS_MAX = 64;

export function excerptOf(text: string, most: number): Excerpt {
  return { text: text.slice(0, most), length: text.length };
}
