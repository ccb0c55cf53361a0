// Run inside a sandbox: node sweep.fixture.mjs CONTAINER NETWORK…; sweeps twice and prints the facts as JSON.
import { hostTool } from '../../../dist/effects/process/tool.js';
import { sweepEffects } from '../../../dist/effects/firewall/sweep.js';

const [container, ...networks] = process.argv.slice(2);
const effects = sweepEffects(hostTool({ pluginTimeoutMs: 30_000, graceMs: 1_000 }));
const facts = [];
for (const operation of ['sweep-1', 'sweep-2']) {
  const context = { operation, repeated: false, signal: new AbortController().signal };
  facts.push(
    await effects['firewall.sweep']({ type: 'firewall.sweep', container, networks }, context)
  );
}
console.log(JSON.stringify(facts));
