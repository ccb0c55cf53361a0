// `npm test`: every gate in order, up to the first that fails. The last line counts.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './steps.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'mooring-test-'));
const node = (...args) => [process.execPath, args];
const bin = (path, ...args) => node(join(ROOT, 'node_modules', path), ...args);

const GATES = [
  ['setup', node('scripts/setup.mjs')],
  ['build', ['flock', ['package.json', process.execPath, 'scripts/build.mjs']]],
  ['typecheck', bin('typescript/bin/tsc', '-p', 'tsconfig.json')],
  ['typecheck of the page', bin('typescript/bin/tsc', '-p', 'src/inspector/page')],
  ['lint', bin('eslint/bin/eslint.js', '--max-warnings=0', '.')],
  ['format', bin('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.')],
  ['docs:check', node('scripts/docs.mjs', '--check')],
  ['test:unit', vitest('unit'), 'unit'],
  ['test:redis', vitest('redis'), 'redis'],
  ['test:kernel', vitest('kernel'), 'kernel'],
  ['test:rootless', vitest('rootless'), 'rootless'],
  ['test:browser', vitest('browser'), 'browser'],
  ['publint', bin('publint/src/cli.js', 'run', '--strict')]
];

const total = { passed: 0, failed: 0 };
for (const [name, command, project] of GATES) {
  const { passed, failed } = gate(name, command, project);
  total.passed += passed;
  total.failed += failed;
  if (failed > 0) break;
}
rmSync(scratch, { recursive: true, force: true });
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed > 0 ? 1 : 0;

// A gate counts as one test besides those it runs.
function gate(name, [program, args], project) {
  process.stdout.write(`\n> ${name}\n`);
  const begun = performance.now();
  const isInSandboxes = project === 'kernel' || project === 'rootless';
  const refusal = isInSandboxes && process.getuid() !== 0 ? 'needs root' : undefined;
  const stdio = ['ignore', 'inherit', 'inherit'];
  const { status } = refusal ? { status: 1 } : spawnSync(program, args, { cwd: ROOT, stdio });
  const tests = project && !refusal ? counted(project) : { passed: 0, failed: 0 };
  const isGood = status === 0 && tests.failed === 0;
  const took = `${((performance.now() - begun) / 1000).toFixed(1)} s`;
  const reason = refusal ?? tests.problem ?? `exit code ${status}`;
  process.stdout.write(isGood ? `${name}: passed in ${took}\n` : `${name}: failed, ${reason}\n`);
  return { passed: tests.passed + (isGood ? 1 : 0), failed: tests.failed + (isGood ? 0 : 1) };
}

function vitest(project) {
  const reporters = [
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report(project)}`
  ];
  return bin('vitest/vitest.mjs', 'run', `--project=${project}`, ...reporters);
}

function report(project) {
  return join(scratch, `${project}.json`);
}

// What was not run proves nothing: a skipped test, or none at all, is a failure.
function counted(project) {
  let json;
  try {
    json = JSON.parse(readFileSync(report(project), 'utf8'));
  } catch (error) {
    return {
      passed: 0,
      failed: 0,
      problem: `no report of its tests (${error.code ?? error.name})`
    };
  }
  const skipped = json.numPendingTests + json.numTodoTests;
  const passed = json.numPassedTests;
  const failed = json.numFailedTests + skipped;
  if (passed + failed === 0) return { passed, failed: 1, problem: 'it found no tests' };
  if (skipped > 0) return { passed, failed, problem: `${skipped} tests were skipped` };
  return { passed, failed };
}
