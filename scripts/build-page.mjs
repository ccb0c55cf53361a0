// Bundles the inspector's page into a directory: files that need nothing else at run time.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  writeFileSync
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './steps.mjs';

const PAGE = join(ROOT, 'src/inspector/page');
const CACHE = join(ROOT, 'node_modules/.cache/mooring');

const SCRIPTS = {
  'page.js': { entry: 'main.tsx', format: 'es' },
  'worker.js': { entry: 'worker/worker.ts', format: 'iife' },
  'mooring-chart.js': { entry: 'element/mooring-chart.ts', format: 'es' }
};

const [out, compiled] = process.argv.slice(2);
if (realpathSync(process.argv[1]) === join(ROOT, 'scripts/build-page.mjs')) {
  await buildPage(out, compiled);
}

/**
 * @param out where the files go; made when missing
 * @param compiled the compiled sources, for the charts
 */
export async function buildPage(out, compiled) {
  mkdirSync(out, { recursive: true });
  const vite = await import('vite');
  const [scripts] = await Promise.all([
    Promise.all(Object.entries(SCRIPTS).map(([name, script]) => bundled(vite, name, script))),
    charts(out, compiled)
  ]);
  const files = Object.fromEntries(scripts);
  for (const [name, code] of Object.entries(files)) writeFileSync(join(out, name), code);
  for (const name of ['page.css', 'icon.svg', 'index.html'])
    copyFileSync(join(PAGE, name), join(out, name));
  writeFileSync(
    join(out, 'recording.html'),
    singleFile(files, readFileSync(join(PAGE, 'page.css'), 'utf8'))
  );
}

async function bundled(vite, name, { entry, format }) {
  return [name, await codeOf(vite, { entry, name, format })];
}

async function codeOf(vite, { entry, name, format }) {
  const built = await vite.build({
    configFile: false,
    logLevel: 'warn',
    root: PAGE,
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      write: false,
      target: 'es2023',
      modulePreload: false,
      rollupOptions: {
        input: join(PAGE, entry),
        preserveEntrySignatures: 'strict',
        output: { format, entryFileNames: name, name: 'mooring', codeSplitting: false }
      }
    }
  });
  return [built].flat()[0].output[0].code;
}

/** Structures, layouts and the hand-written Why of every machine; kept until one of them changes. */
async function charts(out, compiled) {
  const { structureOf } = await load(compiled, 'machines/structure.js');
  const { MACHINES } = await load(compiled, 'machines/all.js');
  const { machineId, MACHINES: entries } = await load(compiled, 'actors/machines.js');
  const structures = Object.entries(MACHINES).map(([kind, { machine }]) => ({
    kind,
    machine: machineId(kind, entries),
    why: whyOf(kind),
    structure: structureOf(machine)
  }));
  const sources = ['layout', 'arrows', 'boxes', 'parts', 'room', 'text'].map((name) =>
    readFileSync(join(compiled, `charts/${name}.js`))
  );
  const sum = createHash('sha256').update(JSON.stringify(structures));
  for (const source of sources) sum.update(source);
  const kept = join(CACHE, `charts-${sum.digest('hex').slice(0, 16)}.json`);
  if (!existsSync(kept)) {
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(kept, JSON.stringify(await laidOut(structures, compiled)));
  }
  copyFileSync(kept, join(out, 'charts.json'));
}

async function laidOut(structures, compiled) {
  const { default: ELK } = await import('elkjs/lib/elk.bundled.js');
  const { layoutOf } = await load(compiled, 'charts/layout.js');
  const { picturesOf, wholeOf } = await load(compiled, 'charts/parts.js');
  const elk = new ELK();
  const layOut = (graph) => elk.layout(graph);
  const machines = [];
  for (const { structure, ...machine } of structures) {
    const parts = picturesOf(structure);
    const pictures = [];
    for (const picture of parts.length > 1 ? [...parts, wholeOf(structure)] : parts) {
      const { name, key } = picture;
      const layout = await layoutOf(picture.structure, layOut, { direction: 'DOWN' });
      pictures.push({ name, key, whole: name === `${structure.id}-all`, layout });
    }
    machines.push({ ...machine, structure, pictures });
  }
  return { machines };
}

function load(compiled, path) {
  return import(pathToFileURL(join(compiled, path)).href);
}

/** What stands under "Why" in the page of a machine. */
function whyOf(kind) {
  try {
    const text = readFileSync(join(ROOT, `docs/statecharts/${kind}.md`), 'utf8');
    return text.split('\n## Why\n')[1]?.trim() ?? '';
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

/**
 * The page as one file that opens from disk. It may run its own two texts and no other: they are
 * named by their hashes.
 */
function singleFile(files, css) {
  const script = files['page.js'].replaceAll('</script', '<\\/script');
  const worker = files['worker.js'].replaceAll('</script', '<\\/script');
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${digest(script)}' blob:`,
    `style-src 'sha256-${digest(css)}'`,
    'img-src data:',
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types mooring'
  ].join('; ');
  const icon = readFileSync(join(PAGE, 'icon.svg')).toString('base64');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Mooring recording</title>
<link rel="icon" href="data:image/svg+xml;base64,${icon}">
<style>${css}</style>
</head>
<body>
<div id="page"></div>
<script type="text/plain" id="worker">${worker}</script>
<script type="module">${script}</script>
<!-- recording -->
</body>
</html>
`;
}

function digest(text) {
  return createHash('sha256').update(text).digest('base64');
}
