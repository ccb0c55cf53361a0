import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const PAGE = 'docs/parity/acceptance.md';
const HOSTS = 'docs/parity/hosts.md';

interface Row {
  readonly cases: readonly string[];
  /** Files, and the titles that stand in them. */
  readonly tests: readonly { readonly file: string; readonly title: string }[];
  /** What is not the same, or why there is no test. */
  readonly reason: string;
}

const [podman = [], cni = [], ...others] = partsOf(PAGE);

describe.each([
  [PAGE, [podman, cni, ...others].flat()],
  [HOSTS, partsOf(HOSTS).flat()]
])('%s', (_, rows) => {
  it.each(rows)('$cases: the tests are there, or the reason why not', (row) => {
    const missing = row.tests.filter(({ file, title }) => !read(file).includes(title));

    expect(missing).toEqual([]);
    expect(row.tests.length > 0 || row.reason !== '').toBe(true);
  });
});

describe(PAGE, () => {
  it.each([
    ['podman', podman, 120],
    ['CNI', cni, 110]
  ])('has each case of %s once', (_, rows, least) => {
    const cases = rows.flatMap((row) => row.cases);

    expect(new Set(cases).size).toBe(cases.length);
    expect(cases.length).toBeGreaterThan(least);
  });
});

function partsOf(page: string): readonly (readonly Row[])[] {
  return read(page).split('\n## ').slice(1).map(rowsOf);
}

function rowsOf(part: string): readonly Row[] {
  return part
    .split('\n')
    .filter((line) => /^\| (?!Rows |-)/.test(line))
    .map((line) => {
      const [cases = '', tests = '', reason = ''] = line.slice(1).split(' | ');
      return {
        cases: cases.trim().split(', '),
        tests: tests.split('<br>').flatMap(testIn),
        reason: reason.replace(/\|$/, '').trim()
      };
    });
}

function testIn(text: string): Row['tests'] {
  const [, file, title] = /^\s*`(test\/\S+)` (.*?)\s*$/.exec(text) ?? [];
  return file === undefined || title === undefined ? [] : [{ file, title }];
}

function read(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
}
