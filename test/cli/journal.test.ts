import { describe, expect, it } from 'vitest';
import type { Mooring } from '../../src/index.ts';
import type { Interrupt } from '../../src/cli/deps.ts';
import { MooringError } from '../../src/model/failure.ts';
import { containerNotFound, iterate, mooring } from './fake-deps.ts';

describe('journal export', () => {
  it.each<[readonly string[], Parameters<Mooring['exportJournals']>[0]]>([
    [['web', 'db'], { containers: ['web', 'db'], redact: false }],
    [['web', '--redact'], { containers: ['web'], redact: true }],
    [['--all'], { containers: 'all', redact: false }]
  ])('prints the lines of %j', async (args, wanted) => {
    const asked: unknown[] = [];
    const exportJournals: Mooring['exportJournals'] = (what) => {
      asked.push(what);
      return iterate(['{"v":1}', '{"v":1,"records":0}']);
    };
    const ran = await mooring(['journal', 'export', ...args], { exportJournals });

    expect(ran).toMatchObject({ code: 0, err: '', out: '{"v":1}\n{"v":1,"records":0}\n' });
    expect(asked).toEqual([wanted]);
  });

  it.each([
    [[], 'name a container, or give --all'],
    [['web', '--all'], 'give containers or --all, not both']
  ])('refuses %j', async (args, message) => {
    expect(await mooring(['journal', 'export', ...args])).toMatchObject({
      code: 125,
      out: '',
      err: `Error: ${message}\n`
    });
  });

  it('refuses an unknown container', async () => {
    // eslint-disable-next-line require-yield -- it fails before its first line
    const exportJournals: Mooring['exportJournals'] = async function* () {
      await Promise.resolve();
      throw containerNotFound('x');
    };
    const ran = await mooring(['journal', 'export', 'x'], { exportJournals });

    expect(ran).toMatchObject({ code: 125, err: 'Error: no container is named x\n' });
  });

  it('ends quietly when nobody reads any more', async () => {
    const interrupts = new Set<(cause: Interrupt) => void>();
    const exportJournals: Mooring['exportJournals'] = async function* () {
      yield 'first';
      interrupts.forEach((interrupt) => interrupt('EPIPE'));
      await Promise.resolve();
      yield 'second';
    };
    const ran = await mooring(['journal', 'export', 'web'], { exportJournals }, { interrupts });

    expect(ran).toMatchObject({ code: 0, err: '', closed: true });
  });
});

describe('journal import', () => {
  it('prints what was taken', async () => {
    const importJournals = () => Promise.resolve(['container/web', 'namespace/web']);
    const ran = await mooring(['journal', 'import', 'web.jsonl'], { importJournals });

    expect(ran).toMatchObject({ code: 0, err: '', out: 'container/web\nnamespace/web\n' });
  });

  it('says in a line why nothing was', async () => {
    const importJournals = () =>
      Promise.reject(
        new MooringError('journal.exists', 'container/web has a journal here already')
      );
    const ran = await mooring(['journal', 'import', 'web.jsonl'], { importJournals });

    expect(ran).toMatchObject({
      code: 125,
      out: '',
      err: 'Error: container/web has a journal here already\n'
    });
  });
});
