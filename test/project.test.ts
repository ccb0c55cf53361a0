import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ELSEWHERE = /^(node_modules|dist.*|coverage|\.git|\.vitest)$/;
const TEXT = /\.(ts|js|mjs|json|md|sh|yaml|yml|mmd)$|^\.ci\/|^LICENSE$/;

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const files = filesIn('').filter((path) => TEXT.test(path));
const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as Lock;

interface Manifest {
  readonly license: string;
  readonly type: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly integrity?: string; readonly link?: boolean }>
  >;
}

describe('package.json', () => {
  it('says what the package is and needs', () => {
    expect(manifest).toMatchObject({
      name: 'mooring',
      type: 'module',
      license: 'Apache-2.0',
      engines: { node: '>=20.19' }
    });
    expect(read('LICENSE')).toContain('Apache License');
  });

  it('pins every dependency', () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });

    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('names only scripts that exist', () => {
    const named = Object.values(manifest.scripts).flatMap(
      (script) => script.match(/\b(?:scripts|bench)\/[\w/-]+\.mjs/g) ?? []
    );

    expect(named.filter((path) => !files.includes(path))).toEqual([]);
  });
});

describe('package-lock.json', () => {
  it('names no address to load from, so that any registry serves', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved"|registry\./);
  });

  it('holds a checksum of every package', () => {
    const unchecked = Object.entries(lock.packages).filter(
      ([path, { integrity }]) => path !== '' && integrity === undefined
    );

    expect(unchecked.map(([path]) => path)).toEqual([]);
  });
});

describe('the documents', () => {
  const documents = files.filter((path) => path.endsWith('.md'));

  it.each(documents)('%s names no registry', (path) => {
    expect(read(path)).not.toMatch(/registry\.[a-z]|npmjs\.(org|com)/);
  });

  it('has a short README that names both commands', () => {
    const readme = read('README.md');

    expect(readme.split('\n').length).toBeLessThan(120);
    expect(readme).toContain('npm run demo');
    expect(readme).toContain('npm test');
  });
});

describe('the files', () => {
  it('are finished', () => {
    const unfinished = new RegExp(
      ['TO', 'FIX'].map((start, i) => start + ['DO', 'ME'][i]!).join('|')
    );

    expect(files.length).toBeGreaterThan(20);
    expect(files.filter((path) => unfinished.test(read(path)))).toEqual([]);
  });
});

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (ELSEWHERE.test(entry.name)) return [];
    if (entry.isDirectory()) return filesIn(path);
    return entry.isFile() ? [path] : [];
  });
}
