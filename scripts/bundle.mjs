// Bundles what ships. A process that starts reads some twenty files then, and not four hundred.
//
// usage: node bundle.mjs DIR, one folder below the compiled sources
import { readFileSync } from 'node:fs';
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

const bundle = await rolldown({
  input: Object.fromEntries(ENTRIES.map((path) => [nameOf(path), join(SRC, path)])),
  cwd: ROOT,
  platform: 'node',
  transform: { target: 'es2023' },
  // Dependencies stay packages of their own: with their licences, and open to a host's fixes.
  external: /^[^./]/,
  plugins: [placed()]
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
