import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { actorOf } from '../../src/replay/test-actor.ts';
import { toTest } from '../../src/replay/to-test.ts';
import { createWorld } from '../actors/world.ts';
import { exported, recorded, upAndDown } from '../journal/recorded.ts';

const folder = mkdtempSync(join(tmpdir(), 'mooring-to-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a test from a journal', () => {
  it('says what happened, names what comes again, and passes', async () => {
    const world = createWorld();
    world.refuse.set('cni.add web/back', 1);
    const text = toTest({ text: await exported(await recorded(upAndDown, world)) });

    expect(text).toContain(
      "it('container web: container.up, then attachment.addFailed back (test.refused), ends in absent'"
    );
    expect(text).toContain('  // 4. attachment.addFailed back (test.refused)\n');
    expect(text).toContain("  expect(actor.state).toBe('tearingDown.detaching.deleting');");
    expect(text.match(/^const netns = /gm)).toHaveLength(1);
    expect(text.split('\n').filter((line) => line.length > 100 && !line.startsWith('it('))).toEqual(
      []
    );
    expect(await run(text)).toEqual({
      passed: ['container web', 'namespace web', 'network front', 'network back'],
      failed: []
    });
  });

  it('fails when it expects something else', async () => {
    const text = toTest({ text: await exported(await recorded(upAndDown), ['namespace/web']) });

    expect(await run(text.replace("toBe('ready')", "toBe('steady')"))).toEqual({
      passed: [],
      failed: ['namespace web']
    });
  });

  it('asks the charts of this checkout, not those of the last build', async () => {
    expect((await import('mooring/testing')).actorOf).toBe(actorOf);
  });

  it('is a program whatever a journal says', async () => {
    const odd = `\\'"\`\${process.exit()}\u2028\n//*/\u0000 ü 🦑`;
    const store = await recorded(async ({ registry }) => {
      const spec = { id: 'web', networks: [], ports: [], hostname: odd, hosts: { file: odd } };
      const key = { kind: 'container', id: 'web' } as const;
      await registry.ask(key, { type: 'container.up', container: 'web', spec });
    });

    expect(await run(toTest({ text: await exported(store, ['container/web']) }))).toEqual({
      passed: ['container web'],
      failed: []
    });
  });

  it('is none of a journal whose begin is lost', async () => {
    const store = await recorded(upAndDown);
    const journal = {
      async *journal() {
        for await (const record of store.journal({ kind: 'namespace', id: 'web' })) {
          if (record.seq > 1) yield record;
        }
      }
    };
    const text = await exported(journal as unknown as typeof store, ['namespace/web']);

    expect(() => toTest({ text })).toThrow(
      expect.objectContaining({
        code: 'journal.noBegin',
        message: expect.stringContaining('with 2')
      })
    );
  });
});

/** Runs what was written, with an `it` of our own; titles are told by kind and id. */
async function run(text: string): Promise<{ passed: string[]; failed: string[] }> {
  const { outputText, diagnostics } = ts.transpileModule(text, {
    reportDiagnostics: true,
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
  });
  expect(diagnostics).toEqual([]);
  const outcome = { passed: [] as string[], failed: [] as string[] };
  const it = (title: string, body: () => void) => {
    const name = title.split(':')[0]!;
    try {
      body();
      outcome.passed.push(name);
    } catch {
      outcome.failed.push(name);
    }
  };
  Object.assign(globalThis, { stubs: { expect, it, actorOf } });
  const body = outputText
    .replace(/^import .*vitest.*$/m, 'const { expect, it } = globalThis.stubs;')
    .replace(/^import .*mooring.*$/m, 'const { actorOf } = globalThis.stubs;');
  runs += 1;
  const path = join(folder, `test-${runs}.mjs`);
  writeFileSync(path, body);
  await import(pathToFileURL(path).href);
  return outcome;
}

let runs = 0;
