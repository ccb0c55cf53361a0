// Compiles src into dist and bundles what ships, when something in src is newer. Run by itself, or by the set-up.
import {
  existsSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs';
import { join } from 'node:path';
import { ROOT, run, say } from './steps.mjs';

const DIST = join(ROOT, 'dist');
const STAMP = join(ROOT, 'node_modules/.mooring-built');

if (realpathSync(process.argv[1]) === join(ROOT, 'scripts/build.mjs')) build();

export function isBuilt() {
  if (!existsSync(STAMP) || !existsSync(DIST)) return false;
  const builtAt = statSync(STAMP).mtimeMs;
  const inputs = [
    'src',
    'tsconfig.json',
    'tsconfig.build.json',
    'package.json',
    'scripts/build.mjs',
    'scripts/build-page.mjs',
    'scripts/bundle.mjs',
    'scripts/positions.mjs',
    // The page tells why the charts are as they are.
    'docs/statecharts'
  ];
  return inputs.every((path) => newest(join(ROOT, path)) < builtAt);
}

/** Does nothing when dist is newer than its sources. */
export function build() {
  if (isBuilt()) return;
  say('compiling (tsc)');
  const begunAt = new Date();
  const fresh = `${DIST}.${process.pid}`;
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const options = ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', fresh, '--noEmitOnError'];
  process.once('exit', () => rmSync(fresh, { recursive: true, force: true }));
  run(process.execPath, [tsc, ...options], 'the build');
  const places = [join(ROOT, 'scripts/positions.mjs'), join(fresh, 'machines/positions.json')];
  run(process.execPath, places, 'noting where the charts are written');
  const page = [join(ROOT, 'scripts/build-page.mjs'), join(fresh, 'inspector/page'), fresh];
  run(process.execPath, page, 'the build of the page');
  const bundle = [join(ROOT, 'scripts/bundle.mjs'), join(fresh, 'bundle')];
  run(process.execPath, bundle, 'bundling what ships');
  replace(fresh);
  writeFileSync(STAMP, '');
  // What was edited while tsc ran is newer than this, and will be compiled next time.
  utimesSync(STAMP, begunAt, begunAt);
}

// A whole directory takes the place of the old one, so that no output of a deleted source stays.
function replace(fresh) {
  const old = `${fresh}.old`;
  if (existsSync(DIST)) renameSync(DIST, old);
  renameSync(fresh, DIST);
  rmSync(old, { recursive: true, force: true });
}

// Directories count as well: their time tells that a file was removed.
function newest(path) {
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  return Math.max(own.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
