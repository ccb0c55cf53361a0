// Bundles what ships. A process that starts reads some twenty files then, and not four hundred.
//
// usage: node bundle.mjs DIR, one folder below the compiled sources
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { ROOT } from './steps.mjs';

const SRC = join(ROOT, 'src');

/**
 * The command line and what package.json exports, then what tests and benches put together by
 * themselves. Threads and programs are found by `placed`.
 */
const ENTRIES = [
  'cli/main.ts',
  'index.ts',
  'testing.ts',
  'replay/vitest.ts',
  'compose.ts',
  'mooring.ts'
];

/**
 * Nearly every process needs these, and finding and reading their files took longer than ours:
 * execa alone 0.1 s. What they need is within, too. They stay dependencies: the types name them,
 * and an audit sees them. Others stay packages of their own.
 */
const WITHIN = ['commander', 'execa', 'ip-address', 'nanoid', 'rxjs', 'valibot', 'xstate'];

const bundle = await rolldown({
  input: Object.fromEntries(ENTRIES.map((path) => [nameOf(path), join(SRC, path)])),
  cwd: ROOT,
  platform: 'node',
  transform: { target: 'es2023' },
  external: (name, from) =>
    /^[^./]/.test(name) &&
    !WITHIN.includes(name.split('/')[0]) &&
    !from?.includes('/node_modules/'),
  plugins: [placed(), licences()]
});
await bundle.write({
  dir: process.argv[2],
  format: 'es',
  sourcemap: true,
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js'
});

/** All files lie side by side, so the folder is part of the name: `syscalls-netns-worker`. */
function nameOf(path) {
  return path.replace(/\.ts$/, '').replaceAll('/', '-');
}

/**
 * A module that looks for what lies beside it finds it still. A thread or program that it starts
 * is bundled too; any other file is where it was for the compiled module.
 */
function placed() {
  const uses =
    /new URL\(`\.\/([\w-]+)\$\{extname\(import\.meta\.url\)\}`, import\.meta\.url\)|import\.meta\.url/g;
  return {
    name: 'placed',
    load: {
      filter: { id: /\/src\/.*\.ts$/ },
      handler(id) {
        const replaced = (_, started) => {
          if (!started) return `new URL('../${compiled(id)}', import.meta.url).href`;
          const path = relative(SRC, join(dirname(id), `${started}.ts`));
          const fileName = `${nameOf(path)}.js`;
          this.emitFile({ type: 'chunk', id: join(SRC, path), fileName });
          return `new URL('./${fileName}', import.meta.url)`;
        };
        return { code: readFileSync(id, 'utf8').replaceAll(uses, replaced), moduleType: 'ts' };
      }
    }
  };
}

function compiled(id) {
  return relative(SRC, id).replace(/\.ts$/, '.js');
}

/** The licence of each package that is within goes along. */
function licences() {
  return {
    name: 'licences',
    generateBundle(_, files) {
      const ids = Object.values(files).flatMap(({ moduleIds }) => moduleIds ?? []);
      const names = ids.flatMap(
        (id) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? []
      );
      const texts = [...new Set(names)].sort().map(licenceOf);
      this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source: texts.join('\n') });
    }
  };
}

function licenceOf(name) {
  const folder = join(ROOT, 'node_modules', name);
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  return `${name} ${version}, ${license}\n\n${readFileSync(join(folder, file), 'utf8')}`;
}
