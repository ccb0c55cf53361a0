import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILT = join(ROOT, 'dist/');

// Prints the names each module has that stands in its arguments. Modules of dist start nothing by themselves.
const NAMES = `
  const names = {};
  for (const path of process.argv.slice(1)) names[path] = Object.keys(await import(path));
  process.stdout.write(JSON.stringify(names), () => process.exit(0));
`;

// These are JavaScript, so the compiler does not see when a name that they ask for has moved.
it('has all that fixtures and benchmarks import from it', () => {
  const wanted = ['test', 'bench'].flatMap(scriptsIn).flatMap(importsOf);
  const paths = [...new Set(wanted.map(({ path }) => path))];
  const args = ['--input-type=module', '--eval', NAMES, ...paths];
  const names = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Names;
  const missing = wanted.filter(({ path, name }) => !names[path]?.includes(name));

  expect(wanted.length).toBeGreaterThan(50);
  expect(
    missing.map(({ file, path, name }) => `${file}: ${name} of ${relative(ROOT, path)}`)
  ).toEqual([]);
});

type Names = Readonly<Record<string, readonly string[]>>;

function scriptsIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => join(folder, file));
}

function importsOf(file: string) {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext);
  return statements.filter(ts.isImportDeclaration).flatMap(({ importClause, moduleSpecifier }) => {
    const path = join(ROOT, dirname(file), (moduleSpecifier as ts.StringLiteral).text);
    const bindings = importClause?.namedBindings;
    if (!path.startsWith(BUILT) || !bindings || !ts.isNamedImports(bindings)) return [];
    return bindings.elements.map(({ name, propertyName }) => ({
      ...{ file, path },
      name: (propertyName ?? name).text
    }));
  });
}
