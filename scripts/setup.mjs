// Gets everything that building, testing and the demo need. Nothing is installed
// when this starts, so it imports nothing but Node and its neighbours.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, isBuilt } from './build.mjs';
import { installPackages, missingNeeds } from './system-packages.mjs';
import { ROOT, fail, run, say } from './steps.mjs';

checkNode();
const todo = () => !hasModules() || missingNeeds().length > 0 || !isBuilt();

if (process.argv.includes('--locked')) setUp();
else if (todo()) setUpAlone();

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`needs Node 20.19 or newer, this is ${process.versions.node}`);
}

// Two runs in one checkout take turns. The lock is on package.json, which is there
// before and after anything is installed, and ends with the process that holds it.
function setUpAlone() {
  const self = [process.execPath, join(ROOT, 'scripts/setup.mjs'), '--locked'];
  const { status, error } = spawnSync('flock', [join(ROOT, 'package.json'), ...self], {
    stdio: ['ignore', 'inherit', 'inherit']
  });
  if (error?.code === 'ENOENT') setUp();
  else process.exitCode = status ?? 1;
}

function setUp() {
  // Another run may have done it all while this one waited.
  if (!todo()) return;
  const begun = performance.now();
  const missing = missingNeeds();
  if (missing.length > 0) installPackages(missing);
  if (!hasModules()) installModules();
  build();
  say(`ready after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}

function installModules() {
  say('installing the npm packages of package-lock.json (npm ci)');
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], 'npm ci');
}

// By content: a checkout or a copy changes times, and npm itself writes both files at once.
function hasModules() {
  const installed = lockFile('node_modules/.package-lock.json');
  if (installed === undefined) return false;
  return Object.entries(lockFile('package-lock.json').packages).every(
    ([path, { version, optional }]) =>
      path === '' || optional === true || installed.packages[path]?.version === version
  );
}

function lockFile(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
