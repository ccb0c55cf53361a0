// Row 22 of what went wrong elsewhere: files that somebody else made, and the links to them.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MooringError } from '../../src/model/failure.ts';
import { reportFrom } from '../../src/inspector/page/state/report.ts';
import {
  fragmentOf,
  selectionFrom,
  TABS,
  VIEWS,
  type Selection
} from '../../src/inspector/page/state/selection.ts';
import { library } from '../../src/inspector/page/worker/library.ts';
import { BadFile } from '../../src/inspector/page/worker/lines.ts';
import type { Ref } from '../../src/inspector/page/worker/protocol.ts';
import { isJsonObject } from '../../src/model/json.ts';
import { fuzzed, hostileFile, hostileName, LINES } from './hostile.ts';

type Library = ReturnType<typeof library>;

const PAGE = {
  query: '',
  at: null,
  sort: 'state',
  descending: false,
  offset: 0,
  limit: 50
} as const;

/** A reason in one line is an answer; a mistake of ours is none. */
async function answered(asked: () => unknown): Promise<void> {
  try {
    await asked();
  } catch (error) {
    if (error instanceof BadFile || error instanceof MooringError) return;
    throw error;
  }
}

/** Everything that the page may ask, as it would of what it was given. */
async function lookAtAll(pages: Library, key: string): Promise<void> {
  const last = pages.lastOf(key, null);
  const moment = pages.moment(last, key);
  pages.move(last, 'failure', key);
  pages.momentAt(moment.position - 1, null);
  pages.histogram(key, 100);
  pages.related(key);
  for (const scope of [key, null]) {
    await answered(() => pages.timeline(scope));
    await answered(() => pages.sequence(scope, null));
    await answered(() => pages.lines(scope));
  }
  await answered(() => pages.life(key, last));
  if (last !== null) await lookAtRecord(pages, last);
}

async function lookAtRecord(pages: Library, ref: Ref): Promise<void> {
  await answered(() => pages.detail(ref));
  await answered(() => pages.whatIf(ref, '{"type":"container.down","container":"web"}'));
  await answered(() => pages.test(ref));
}

const good = LINES.slice(0, 40);
const wholeGood = new Blob([good.join('\n')]);

it('takes any file: what can be read is shown, the rest is counted, and a good one is read after', async () => {
  const inherited = Object.getOwnPropertyNames(Object.prototype).length;
  await fc.assert(
    fc.asyncProperty(hostileFile, async (bytes) => {
      const pages = library(() => undefined);
      await answered(() => pages.open(new Blob([bytes])));
      const { lines, total } = pages.actors(PAGE);
      expect(pages.counts().records >= 0 && lines.length <= total).toBe(true);
      for (const { key } of lines.slice(0, 3)) await lookAtAll(pages, key);
      await answered(() => pages.log({ query: 'is:failed', scope: null, offset: 0, limit: 20 }));

      pages.clear();
      const opened = await pages.open(wholeGood);
      expect([opened.bad, pages.counts().records]).toEqual([0, opened.records]);
      expect(opened.records).toBeGreaterThan(30);
      expect(Object.getOwnPropertyNames(Object.prototype).length).toBe(inherited);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    }),
    fuzzed(400)
  );
});

it('takes the same by its feed', async () => {
  await fc.assert(
    fc.asyncProperty(hostileFile, async (bytes) => {
      const pages = library(() => undefined);
      pages.add(new TextDecoder().decode(bytes));
      for (const { key } of pages.actors(PAGE).lines.slice(0, 2)) await lookAtAll(pages, key);
    }),
    fuzzed(150)
  );
});

const ref: fc.Arbitrary<Ref> = fc.record({
  key: hostileName.filter((name) => name !== ''),
  seq: fc.nat(),
  time: fc.nat({ max: 9_999_999_999_999 })
});

const selection: fc.Arbitrary<Selection> = fc.record({
  view: fc.constantFrom(...VIEWS),
  key: hostileName,
  at: fc.option(ref),
  query: hostileName,
  state: hostileName,
  picture: hostileName,
  tab: fc.constantFrom(...TABS),
  focus: fc.boolean()
});

// A lone half of a pair has no place in an address.
const wellFormed = (chosen: Selection) =>
  JSON.parse(toWellFormed(JSON.stringify(chosen))) as Selection;
const toWellFormed = (text: string) => text.replace(/\\ud[89a-f][0-9a-f]{2}/g, '\ufffd');

it('keeps a selection in its address, whatever the names in it', () => {
  fc.assert(
    fc.property(selection.map(wellFormed), (chosen) => {
      expect(selectionFrom(`#${fragmentOf(chosen)}`)).toEqual(chosen);
    }),
    fuzzed(2_000)
  );
});

it('makes a selection of any address, and a report of none that is not one', () => {
  fc.assert(
    fc.property(hostileName, fc.anything(), (text, value) => {
      for (const name of ['', 'key=', 'at=', 'view=', 'at=a:1@', '%', 'q=']) {
        expect(VIEWS).toContain(selectionFrom(`#${name}${text}`).view);
      }
      const report = reportFrom([value].filter(isJsonObject));
      expect(report === undefined || Array.isArray(report.divergences)).toBe(true);
    }),
    fuzzed(2_000)
  );
});
