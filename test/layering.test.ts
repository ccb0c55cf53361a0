import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/**
 * What each folder of `src` may import besides itself: another folder (`model/`), one file,
 * a package, or any part of Node (`node:`). After `type ` it may be imported for its types only.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  model: ['valibot', 'ip-address'],
  bus: ['model/', 'rxjs'],
  machines: ['model/', 'bus/', 'xstate'],
  journal: ['model/', 'bus/', 'store/record.ts', 'store/store.ts', 'node:'],
  replay: [
    'model/',
    'bus/',
    'machines/',
    'actors/',
    'store/',
    'journal/',
    'effects/effects.ts',
    'effects/elsewhere.ts',
    // The simulator gives the verbs' own commands, and recovers as they do.
    'commands.ts',
    'recovery.ts',
    'type api.ts',
    'xstate',
    'vitest',
    'node:'
  ],
  charts: ['type machines/structure.ts'],
  // The chart of a lease is run by the driver whose holders may stall.
  store: [
    'model/',
    'bus/',
    'machines/lease.ts',
    'syscalls/',
    'ioredis',
    'xstate',
    'nanoid',
    'node:'
  ],
  syscalls: ['ffi-rs', 'node:'],
  effects: [
    'model/',
    'bus/',
    'syscalls/',
    'private-host/place.ts',
    'type store/store.ts',
    'execa',
    'nanoid',
    'node:'
  ],
  // Found and started before the library is loaded.
  'private-host': ['model/', 'syscalls/', 'supervisor/find.ts', 'node:'],
  // A program of its own: it wires up what it has charge of.
  supervisor: [
    'model/',
    'bus/',
    'machines/',
    'actors/',
    'effects/',
    'syscalls/',
    'private-host/',
    'store/store.ts',
    'type api.ts',
    'compose.ts',
    'log.ts',
    'mooring.ts',
    'open-store.ts',
    'settings.ts',
    'nanoid',
    'type pino',
    'node:'
  ],
  actors: [
    'model/',
    'bus/',
    'machines/',
    'store/store.ts',
    'effects/effects.ts',
    'xstate',
    'nanoid',
    'node:'
  ],
  cluster: [
    'model/',
    'actors/views.ts',
    'effects/cni/',
    'effects/networks/',
    'container-list.ts',
    'engine-events.ts',
    'journals.ts',
    'type api.ts',
    'type store/cluster.ts',
    'type store/store.ts',
    'type pino',
    'rxjs',
    'node:'
  ],
  agent: [
    'model/',
    'actors/views.ts',
    'effects/',
    'syscalls/',
    'type api.ts',
    'type kept-processes.ts',
    'type settings.ts',
    'type store/store.ts',
    'type pino',
    'node:'
  ],
  // The same for the page and for the server, so importable in a browser.
  'inspector/model': ['model/', 'bus/', 'machines/', 'charts/', 'type store/store.ts', 'xstate'],
  'inspector/server': [
    'inspector/model/',
    'model/',
    'machines/',
    'store/store.ts',
    'type api.ts',
    'xstate',
    'ws',
    'node:'
  ],
  'inspector/page': [
    'inspector/model/',
    'type inspector/server/',
    'model/',
    'bus/',
    'machines/',
    'charts/',
    'type store/store.ts',
    'preact'
  ],
  cli: [
    'index.ts',
    'testing.ts',
    'private-host/directories.ts',
    'private-host/launch.ts',
    'supervisor/lock.ts',
    'commander',
    'cli-table3',
    '@bomb.sh/tab',
    'node:'
  ]
};

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.tsx?$/.test(file)
);

describe('src', () => {
  it.each(files)('%s stays in its layer', (file) => {
    expect(violations(file, readFileSync(join(SRC, file), 'utf8'))).toEqual([]);
  });

  it('has files in every layer', () => {
    const folders = files.filter((file) => file.includes('/')).map(folderOf);

    expect([...new Set(folders)].sort()).toEqual(Object.keys(ALLOWED).sort());
  });
});

describe('the check', () => {
  it.each([
    ['model/a.ts', `import { readFile } from 'node:fs/promises';`, 'node:fs/promises'],
    ['model/a.ts', `import type { Bus } from '../bus/bus.ts';`, 'bus/bus.ts'],
    ['machines/a.ts', `export { up } from '../effects/effects.ts';`, 'effects/effects.ts'],
    ['machines/a.ts', `const fs = await import('fs');`, 'fs'],
    ['bus/a.ts', `let log: import('pino').Logger;`, 'pino'],
    ['bus/a.ts', `import 'xstate';`, 'xstate'],
    ['effects/a.ts', `import { open } from '../store/store.ts';`, 'store/store.ts'],
    ['effects/a.ts', `import { type Store } from '../store/store.ts';`, 'store/store.ts'],
    ['effects/a.ts', `import type { X } from '../store/memory.ts';`, 'store/memory.ts'],
    ['actors/a.ts', `import { netns } from '../effects/netns.ts';`, 'effects/netns.ts'],
    ['store/a.ts', `const ffi = require('ffi-rs');`, 'ffi-rs'],
    ['store/a.ts', 'await import(`${name}.ts`);', 'a name made at run time'],
    ['cli/a.ts', `import { loop } from '../actors/loop.ts';`, 'actors/loop.ts'],
    ['mooring.ts', `import { main } from './cli/main.ts';`, 'cli/main.ts'],
    ['stray/a.ts', `export const a = 1;`, 'stray is in no layer']
  ])('refuses in %s: %s', (file, text, what) => {
    expect(violations(file, text)).toEqual([what]);
  });

  it.each([
    ['bus/a.ts', `import { Subject } from 'rxjs/operators';`],
    ['effects/a.ts', `import type { Store } from '../store/store.ts';`],
    ['effects/cni/a.ts', `import { run } from '../process.ts';`],
    ['cli/a.ts', `import tab from '@bomb.sh/tab/commander';`],
    ['mooring.ts', `import pino from 'pino'; import './actors/loop.ts';`],
    ['model/a.ts', `const text = "import 'node:fs'";`]
  ])('allows in %s: %s', (file, text) => {
    expect(violations(file, text)).toEqual([]);
  });
});

/** @returns what a file imports although its folder may not */
function violations(file: string, text: string): string[] {
  const imports = importsOf(file, text);
  if (!file.includes('/')) return imports.map(nameOf).filter((name) => name.startsWith('cli/'));
  const folder = folderOf(file);
  const allowed = ALLOWED[folder];
  if (allowed === undefined) return [`${folder} is in no layer`];
  return imports.filter((imported) => !mayImport([`${folder}/`, ...allowed], imported)).map(nameOf);
}

function mayImport(allowed: readonly string[], found: Import): boolean {
  const { name, isType } = found;
  return allowed.some((entry) => {
    if (entry.startsWith('type ')) return isType && mayImport([entry.slice('type '.length)], found);
    if (entry.endsWith('/') || entry.endsWith(':')) return name.startsWith(entry);
    return name === entry || name.startsWith(`${entry}/`);
  });
}

interface Import {
  /** Path below `src`, or what the source says. */
  readonly name: string;
  readonly isType: boolean;
}

/** Every way to reach another module: import, export from, `import()`, `require`, import types. */
function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const reached = reachedBy(node);
    if (reached !== undefined) found.push({ ...reached, name: located(file, reached.name) });
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return found;
}

function reachedBy(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node)) {
    const isType = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
    return { name: literal(node.moduleSpecifier), isType };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { name: literal(node.moduleSpecifier), isType: node.isTypeOnly };
  }
  if (ts.isImportTypeNode(node)) {
    const argument = ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument;
    return { name: literal(argument), isType: true };
  }
  if (ts.isCallExpression(node) && loads(node.expression)) {
    return { name: literal(node.arguments[0]), isType: false };
  }
  return undefined;
}

function loads(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  return ts.isIdentifier(callee) && callee.text === 'require';
}

function literal(node: ts.Node | undefined): string {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : 'a name made at run time';
}

function located(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return relative(SRC, join(SRC, dirname(file), specifier));
}

/** A folder of `src`, or one within it that has rules of its own. */
function folderOf(file: string): string {
  const inner = file.split('/').slice(0, 2).join('/');
  return Object.hasOwn(ALLOWED, inner) ? inner : file.slice(0, file.indexOf('/'));
}

function nameOf({ name }: Import): string {
  return name;
}
