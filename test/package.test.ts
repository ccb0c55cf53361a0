import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUNDLE = join(ROOT, 'dist/bundle');

const bundled = readdirSync(BUNDLE).filter((name) => name.endsWith('.js'));

interface SourceMap {
  readonly sources: readonly string[];
}

/** What a script prints that is run in the package, with its own name to import from. */
function printed(script: string, ...options: readonly string[]): string {
  const args = [...options, '--input-type=module', '-e', script];
  return execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
}

it('is one program, whichever of its names it is imported by', () => {
  const same = printed(`
    const [library, testing] = await Promise.all([import('mooring'), import('mooring/testing')]);
    console.log(library.MooringError === testing.MooringError, typeof testing.replay);`);

  expect(same).toBe('true function\n');
});

it('loads no package before it needs one', () => {
  const loaded = printed(`
    import { createRequire } from 'node:module';
    await import('mooring');
    console.log(Object.keys(createRequire(process.cwd() + '/').cache).join(' '));`);

  expect(loaded).toBe('\n');
});

it('loads no compiled module beside the bundle', () => {
  const imports = bundled.flatMap((name) =>
    [...read(name).matchAll(/^(?!\s*\*).*\b(?:from |import\(|import )"(\.[^"]+)"/gm)].map(
      ([, path]) => path!
    )
  );

  expect(imports.length).toBeGreaterThan(20);
  expect(imports.filter((path) => !bundled.includes(path.replace(/^\.\//, '')))).toEqual([]);
});

it('has every thread and program that it starts by a path', () => {
  const started = bundled.flatMap((name) =>
    [...read(name).matchAll(/new URL\("\.\/([^"]+)", import\.meta\.url\)/g)].map(
      ([, path]) => path!
    )
  );

  expect(started).toEqual(
    expect.arrayContaining(['syscalls-netns-worker.js', 'supervisor-main.js'])
  );
  expect(started.filter((path) => !bundled.includes(path))).toEqual([]);
});

it('has the licence of every package within', () => {
  const maps = bundled.filter((name) => existsSync(join(BUNDLE, `${name}.map`)));
  const sources = maps.flatMap((name) => (JSON.parse(read(`${name}.map`)) as SourceMap).sources);
  const within = sources.flatMap(
    (path) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []
  );
  const licensed = [...read('LICENSES.txt').matchAll(/^(\S+) [\d.]+, \S+\n\n/gm)];

  expect(within).toContain('xstate');
  expect(licensed.map(([, name]) => name)).toEqual([...new Set(within)].sort());
});

it('tells in a stack trace which source it was', () => {
  const script = `
    const { parsePublish } = await import('mooring');
    try { parsePublish('x'); } catch (error) { console.log(error.stack); }`;

  expect(printed(script, '--enable-source-maps')).toMatch(/src\/model\/port\.ts:\d+:\d+/);
});

it('ships what it names, types, the page and no compiled module', () => {
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8'
  });
  const [{ files }] = JSON.parse(packed) as [{ files: readonly { readonly path: string }[] }];
  const paths = files.map(({ path }) => path);

  expect(paths).toEqual(
    expect.arrayContaining([
      'bin/mooring.js',
      'dist/bundle/cli-main.js',
      'dist/bundle/index.js',
      'dist/bundle/LICENSES.txt',
      'dist/index.d.ts',
      'dist/bundle/testing.js',
      'dist/testing.d.ts',
      'dist/bundle/replay-vitest.js',
      'dist/replay/vitest.d.ts',
      'dist/inspector/page/mooring-chart.js',
      'dist/machines/positions.json',
      'LICENSE'
    ])
  );
  expect(paths.filter((path) => /^dist\/(?!bundle|inspector\/page).*\.js$/.test(path))).toEqual([]);
});

function read(name: string): string {
  return readFileSync(join(BUNDLE, name), 'utf8');
}
