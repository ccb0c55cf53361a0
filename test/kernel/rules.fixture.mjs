// Run inside a sandbox: node rules.fixture.mjs expected|examine|repair ID…, for containers that are
// up; all at once. Prints JSON: a list of rules, or the facts and which tools were run.
import { readFileSync } from 'node:fs';
import { attachmentEffects } from '../../dist/effects/attachments/attachments.js';
import { expectedRules } from '../../dist/effects/firewall/expected.js';
import { ruleText } from '../../dist/effects/firewall/same-rule.js';
import { verifyNetns } from '../../dist/effects/netns.js';
import { firewallGeneration } from '../../dist/effects/firewall/generation.js';
import { hostTool } from '../../dist/effects/process/tool.js';
import { startNetnsThread } from '../../dist/syscalls/netns-thread.js';

const [verb, ...ids] = process.argv.slice(2);
const containers = ids.map((id) => {
  const lines = readFileSync(`/var/lib/mooring/journal/container.${id}.jsonl`, 'utf8');
  const { attachments, netns } = JSON.parse(lines.trim().split('\n').at(-1)).snapshot.context;
  return { container: id, attachments, netns };
});

const context = (operation) => ({ operation, signal: new AbortController().signal });

function expected() {
  return containers.flatMap(({ container, attachments }) =>
    attachments.map((attachment) => {
      const { chains, rules, unknown } = expectedRules(attachment, container);
      return {
        unknown,
        chains: chains.map(({ tool, table, chain }) => `${tool} ${table} ${chain}`),
        rules: rules.map(
          ({ tool, table, chain, words }) => `${tool} ${table} ${chain} ${ruleText(words)}`
        )
      };
    })
  );
}

async function effects() {
  const tools = [];
  const tool = hostTool({ pluginTimeoutMs: 30_000, graceMs: 1_000 });
  const thread = startNetnsThread();
  const all = attachmentEffects({
    run: (name, args, options) => {
      tools.push([name, ...args].join(' '));
      return tool(name, args, options);
    },
    generation: firewallGeneration,
    verifyNetns,
    observe: thread.observe,
    exclusive: (work) => work()
  });
  const start = performance.now();
  const effect = all[`attachments.${verb}`];
  const facts = await Promise.all(
    containers.map((one) => effect({ type: `attachments.${verb}`, ...one }, context(one.container)))
  );
  const tookMs = Math.round(performance.now() - start);
  await thread.close();
  return { facts, tools, tookMs };
}

console.log(JSON.stringify(verb === 'expected' ? expected() : await effects()));
