import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { notedRun, spanNotes } from '../../src/effects/process/spans.ts';
import type { Effects } from '../../src/effects/effects.ts';
import { run, type ProcessCommand } from '../../src/effects/process/run.ts';
import type { Span } from '../../src/model/span.ts';
import { memoryBacking } from '../../src/store/memory.ts';
import { keyText, type Key, type Store } from '../../src/store/store.ts';
import { startProcess } from './process.ts';
import { createWorld, specOf } from './world.ts';

const web: Key = { kind: 'container', id: 'web' };
const up = { type: 'container.up', container: 'web', spec: specOf('web', ['front']) } as const;

it('records each program with the answer that it led to', async () => {
  const { process, spansOf } = world({ programs: ['cat', 'true'] });

  await process.registry.ask(web, up);

  const added = await spansOf('attachment.added');
  expect(added).toMatchObject([
    {
      kind: 'run',
      program: 'cat',
      command: 'ADD',
      exitCode: 0,
      stdin: { text: '{"name":"front"}', length: 16 },
      stdout: { text: '{"name":"front"}', length: 16 },
      stderr: { text: '', length: 0 }
    },
    { kind: 'run', program: 'true', exitCode: 0 }
  ]);
  expect(await spansOf('files.written')).toEqual([]);
});

it('keeps the beginning of what a program printed, and how much it was', async () => {
  const { process, spansOf } = world({ programs: ['cat'], stdin: 'x'.repeat(20_000) });

  await process.registry.ask(web, up);

  const [span] = await spansOf('attachment.added');
  expect(span).toMatchObject({ stdout: { length: 20_000, text: 'x'.repeat(8_192) } });
});

it('tells how long the lease was waited for, once', async () => {
  const { process, spansOf } = world({ programs: [], leaseMs: 20 });

  await process.registry.ask(web, up);

  const [first, ...others] = await spansOf('container.up');
  expect(first).toMatchObject({ kind: 'wait', on: 'lease' });
  expect((first as Span).tookMs).toBeGreaterThanOrEqual(15);
  expect(others).toEqual([]);
  expect(await spansOf('attachment.added')).toEqual([]);
});

it('keeps nothing of a program that is run for no request', () => {
  const spans = spanNotes();
  const wait: Span = { kind: 'wait', on: 'lane', begunAt: 0, tookMs: 1 };

  spans.note('nobody', wait);

  expect(spans.take('nobody')).toEqual([]);
});

function world({
  programs,
  stdin = '{"name":"front"}',
  leaseMs = 0
}: {
  readonly programs: readonly string[];
  readonly stdin?: string;
  readonly leaseMs?: number;
}) {
  const spans = spanNotes();
  const noted = notedRun(run, spans, Date.now);
  const wrap = (effects: Effects): Effects => ({
    ...effects,
    async 'cni.add'(request, context) {
      for (const program of programs) {
        await noted({ ...COMMAND, file: `/bin/${program}`, stdin, operation: context.operation });
      }
      return effects['cni.add'](request, context);
    }
  });
  const wrapStore = (store: Store): Store => ({
    ...store,
    async acquire(key, options) {
      if (key.kind === 'container') await sleep(leaseMs);
      return store.acquire(key, options);
    }
  });
  const process = startProcess(memoryBacking(), createWorld(), { wrap, wrapStore, spans });
  return { process, spansOf };

  /** Without waits for a turn at the plugins: on a busy machine there may be one. */
  async function spansOf(type: string): Promise<readonly Span[]> {
    for await (const { event, key, spans: found = [] } of process.store.journal(web)) {
      if (event.type !== type || key !== keyText(web)) continue;
      return found.filter((span) => span.kind === 'run' || span.on !== 'lane');
    }
    throw new Error(`no ${type} was recorded`);
  }
}

const COMMAND: Omit<ProcessCommand, 'file' | 'stdin' | 'operation'> = {
  args: [],
  env: { CNI_COMMAND: 'ADD' },
  timeoutMs: 10_000,
  graceMs: 100,
  signal: new AbortController().signal
};
