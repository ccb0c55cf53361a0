import type { Divergence } from './divergence.ts';
import { replay, type JournalInput, type Replayed, type ReplayOptions } from './replay.ts';
import { reportLines } from './report.ts';
import { VERDICTS, type Verdict } from './verdict.ts';

/** What a matcher answers, as vitest and Jest take it. */
export interface Matched {
  readonly pass: boolean;
  readonly message: () => string;
}

export interface ToReplay extends ReplayOptions {
  /** The worst verdict to be content with; `compatible` unless given. */
  readonly verdict?: Exclude<Verdict, 'breaking'>;
}

export interface ToDivergeAt extends ReplayOptions {
  /** Kind of what is not as recorded; any unless given. */
  readonly kind?: Divergence['kind'];
}

/**
 * Matchers for `expect.extend`; `mooring/testing/vitest` has them extend vitest's.
 *
 * Both take what {@link replay} takes, or what it gave.
 */
export const journalMatchers = {
  /** Whether the charts do what the journal says. */
  toReplay(
    received: JournalInput | Replayed,
    { verdict = 'compatible', ...options }: ToReplay = {}
  ): Matched {
    const replayed = replayedOf(received, options);
    const pass = VERDICTS.indexOf(replayed.verdict) <= VERDICTS.indexOf(verdict);
    return {
      pass,
      message: () => messageOf(received, replayed, `to be ${verdict} or better`, pass)
    };
  },

  /** Whether they do it up to a record, and not that one: its `seq`, or `container/web 12`. */
  toDivergeAt(
    received: JournalInput | Replayed,
    where: number | string,
    { kind, ...options }: ToDivergeAt = {}
  ): Matched {
    const replayed = replayedOf(received, options);
    const { divergence } = replayed;
    const isThere =
      divergence !== undefined &&
      (where === divergence.seq || where === `${divergence.key} ${divergence.seq}`);
    const pass = isThere && (kind === undefined || kind === divergence.kind);
    const wanted = `to diverge at record ${where}${kind === undefined ? '' : ` by its ${kind}`}`;
    return { pass, message: () => messageOf(received, replayed, wanted, pass) };
  }
};

function replayedOf(received: JournalInput | Replayed, options: ReplayOptions): Replayed {
  const isResult = typeof received === 'object' && 'verdict' in received;
  return isResult ? received : replay(received, options);
}

function messageOf(
  received: JournalInput | Replayed,
  replayed: Replayed,
  wanted: string,
  pass: boolean
): string {
  const name = typeof received === 'string' ? received : 'the journal';
  return [
    `expected ${name} ${pass ? 'not ' : ''}${wanted}`,
    ...reportLines('replayed', replayed)
  ].join('\n');
}
