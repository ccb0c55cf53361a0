import { describe, expect, it, vi } from 'vitest';
import type { Mooring } from '../../src/index.ts';
import { mooring, networkOf, viewOf } from './fake-deps.ts';

const list: Mooring['list'] = () =>
  Promise.resolve({ containers: [viewOf('web')], unreadable: [] });

describe('the program', () => {
  it.each([
    [[]],
    [['up']],
    [['down']],
    [['ps']],
    [['inspect']],
    [['port']],
    [['exec']],
    [['network']],
    [['network', 'create']],
    [['network', 'ls']],
    [['network', 'inspect']],
    [['network', 'rm']],
    [['network', 'exists']],
    [['events']],
    [['journal', 'export']],
    [['recover']],
    [['doctor']],
    [['completion']]
  ])('prints the help of %j without opening the library', async (words) => {
    const ran = await mooring([...words, '--help']);

    expect(ran).toMatchObject({ code: 0, err: '', opened: [] });
    expect(ran.out.split(/[ |]/).slice(1, words.length + 2)).toEqual(['mooring', ...words]);
    expect(ran.out).toContain('--root <dir>');
  });

  it('prints its version', async () => {
    const ran = await mooring(['--version']);

    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [[], 'no command is given, see mooring --help'],
    [['network'], 'no command is given, see mooring --help'],
    [['upp'], "unknown command 'upp' (Did you mean up?)"],
    [['up'], "missing required argument 'container'"],
    [
      ['ps', '--log-level', 'loud'],
      "option '--log-level <level>' argument 'loud' is invalid. Allowed choices are silent, fatal, error, warn, info, debug, trace."
    ]
  ])('refuses %j in one line', async (argv, message) => {
    const ran = await mooring(argv);

    expect(ran).toMatchObject({ code: 125, out: '', err: `Error: ${message}\n`, opened: [] });
  });

  it('hands the global options on, wherever they stand', async () => {
    const before = await mooring(['--root', '/r', '--store', 's', 'ps', '-q'], { list });
    const after = await mooring(
      [
        'ps',
        '-q',
        '--cni-conf-dir',
        '/c',
        '--cni-plugin-dir',
        '/a',
        '--cni-plugin-dir',
        '/b',
        '--log-level',
        'info'
      ],
      { list }
    );
    const open = await mooring(['ps', '-q', '--no-port-reservation'], { list });

    expect(before.opened).toEqual([{ root: '/r', store: 's', logLevel: 'warn' }]);
    expect(open.opened).toEqual([{ reservePorts: false, logLevel: 'warn' }]);
    expect(after.opened).toEqual([{ confDir: '/c', pluginDirs: ['/a', '/b'], logLevel: 'info' }]);
  });

  it('reads MOORING_ROOT and MOORING_STORE, which options overrule', async () => {
    const env = { MOORING_ROOT: '/env', MOORING_STORE: 'embedded' };

    const ran = await mooring(['ps', '-q'], { list }, { env });
    const overruled = await mooring(['--root', '/r', 'ps', '-q'], { list }, { env });

    expect(ran.opened).toEqual([{ root: '/env', store: 'embedded', logLevel: 'warn' }]);
    expect(overruled.opened).toMatchObject([{ root: '/r' }]);
  });

  it('tells a mistake of its own, with the stack only when debugging', async () => {
    const broken = { list: () => Promise.reject(new TypeError('x is not a function')) };

    const brief = await mooring(['ps'], broken);
    const debugged = await mooring(['--log-level', 'debug', 'ps'], broken);

    expect(brief).toMatchObject({ code: 125, err: 'Error: internal: x is not a function\n' });
    expect(debugged.err).toMatch(/^Error: internal: x is not a function\nTypeError: .*\n +at /);
  });
});

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('prints a script for %s', async (shell) => {
    const { printed } = await logged(['completion', shell]);

    expect(printed).toContain('mooring complete -- ');
  });

  it('knows no other shell', async () => {
    const { ran } = await logged(['completion', 'tcsh']);

    expect(ran.code).toBe(125);
  });

  it.each([
    [['ne'], ['network']],
    [['network', 'in'], ['inspect']],
    [
      ['down', '--'],
      ['--all', '--ignore']
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish']
    ],
    [
      ['ps', '--format', ''],
      ['table', 'json']
    ],
    [['down', ''], ['web']],
    [['network', 'rm', 'f'], ['front']]
  ])('completes %j', async (words, values) => {
    const { printed } = await logged(['complete', '--', ...words]);

    const offered = printed.split('\n').map((line) => line.split('\t')[0]);
    expect(offered).toEqual(expect.arrayContaining(values));
  });

  it('opens the library only for names', async () => {
    const { ran } = await logged(['complete', '--', 'ps', '--']);

    expect(ran.opened).toEqual([]);
  });
});

async function logged(argv: readonly string[]) {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  const networks: Partial<Mooring['networks']> = {
    list: () => Promise.resolve({ networks: [networkOf('front')], problems: [] })
  };
  try {
    const ran = await mooring(argv, { list, networks: networks as Mooring['networks'] });
    return { ran, printed: lines.join('\n') };
  } finally {
    log.mockRestore();
  }
}
