// `npm run docs`: draws the statecharts. With --check it writes nothing, names each file that is
// not as it would be drawn, and exits with 1.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isBuilt } from './build.mjs';
import ELK from 'elkjs/lib/elk.bundled.js';
import { ROOT, run } from './steps.mjs';

const FOLDER = 'docs/statecharts';

if (!isBuilt()) run('npm', ['run', '--silent', 'build'], 'the build');
const { chartFiles } = await import('../dist/charts/files.js');
const elk = new ELK();
const layOut = (graph) => elk.layout(graph);
const files = await chartFiles(await structures(), layOut, (name) => contentOf(name));
if (process.argv.includes('--check')) check();
else write();

async function structures() {
  const { structureOf } = await import('../dist/machines/structure.js');
  const { CHARTS } = await import('../dist/machines/all.js');
  return CHARTS.map(structureOf);
}

function check() {
  const stale = [...files].filter(([name, content]) => contentOf(name) !== content);
  for (const [name] of stale) {
    process.stderr.write(`${FOLDER}/${name} is stale; run \`npm run docs\`\n`);
  }
  process.exitCode = stale.length > 0 ? 1 : 0;
}

function write() {
  mkdirSync(join(ROOT, FOLDER), { recursive: true });
  for (const [name, content] of files) {
    if (contentOf(name) === content) continue;
    writeFileSync(join(ROOT, FOLDER, name), content);
    process.stdout.write(`wrote ${FOLDER}/${name}\n`);
  }
}

function contentOf(name) {
  try {
    return readFileSync(join(ROOT, FOLDER, name), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
