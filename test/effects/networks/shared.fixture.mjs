// Run inside a sandbox: node shared.fixture.mjs STATE STEP…; a step is prepare:NETWORK:BRIDGE[,BRIDGE]
// or tidy:NETWORK:BRIDGE[,BRIDGE][:KEPT], or sh:SCRIPT, which prints no fact. Prints the facts as JSON. STATE is a file that keeps the
// allocations between two runs, as a store would.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostTool } from '../../../dist/effects/process/tool.js';
import { fileLock } from '../../../dist/effects/networks/plugin-lock.js';
import { sharedEffects } from '../../../dist/effects/networks/shared.js';

const [file, ...steps] = process.argv.slice(2);
const load = () =>
  existsSync(file) ? JSON.parse(readFileSync(file)) : { version: 0, entries: [] };
const store = {
  allocations: async () => load(),
  async allocate(_kind, version, owner, entries) {
    const now = load();
    if (now.version !== version) return false;
    const others = now.entries.filter((entry) => entry.owner !== owner);
    const own = entries.map((entry) => ({ owner, entry }));
    writeFileSync(file, JSON.stringify({ version: version + 1, entries: [...others, ...own] }));
    return true;
  }
};
const effects = sharedEffects({
  store,
  run: hostTool({ pluginTimeoutMs: 30_000, graceMs: 1_000 }),
  usesDnsname: async (network) => network.startsWith('named'),
  pluginLock: fileLock('/run/plugins.lock'),
  usageLock: fileLock('/run/usage.lock')
});

const facts = [];
for (const [index, step] of steps.entries()) {
  const [verb, network, bridges, kept = ''] = step.split(':');
  if (verb === 'sh') {
    // What it leaves running must not hold this one up by a pipe.
    execFileSync('sh', ['-euc', step.slice('sh:'.length)], { stdio: 'ignore' });
    continue;
  }
  const request = {
    type: `network.${verb}`,
    network,
    bridges: bridges.split(','),
    baseline: { bridges: kept.split(',').filter(Boolean) }
  };
  const context = {
    operation: `op-${index}`,
    repeated: false,
    signal: new AbortController().signal
  };
  facts.push(await effects[request.type](request, context));
}
console.log(JSON.stringify(facts));
