// `npm run docs`: draws the statecharts. With --check it writes nothing, names each file that is
// not as it would be drawn, and exits with 1.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isBuilt } from './build.mjs';
import { chartFiles } from './docs/charts.mjs';
import { ROOT, run } from './steps.mjs';

const FOLDER = 'docs/statecharts';
const MACHINES = ['container', 'namespace', 'network', 'lease'];

if (!isBuilt()) run('npm', ['run', '--silent', 'build'], 'the build');
const files = await chartFiles(await structures(), (name) => contentOf(name));
if (process.argv.includes('--check')) check();
else write();

async function structures() {
  const { structureOf } = await import('../dist/machines/structure.js');
  const modules = MACHINES.map(async (name) => import(`../dist/machines/${name}.js`));
  return (await Promise.all(modules)).map((module, index) =>
    structureOf(module[`${MACHINES[index]}Machine`])
  );
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
