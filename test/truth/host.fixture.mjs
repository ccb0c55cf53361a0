// Run inside a sandbox: takes a script (`Script` of script.ts) as a line of JSON from stdin, plays it with the
// library, real plugins and the real kernel, and prints a line of what came of it (`Course`).
import { createInterface } from 'node:readline';
import { rmSync } from 'node:fs';
import { commandsOf } from '../../dist/commands.js';
import { compose } from '../../dist/compose.js';
import { settleAll } from '../../dist/recovery.js';
import { statOf } from '../../dist/effects/process/proc.js';
import { isLive } from '../../dist/model/view.js';
import { perform } from '../../dist/replay/simulator/commands.js';
import { keyText } from '../../dist/store/store.js';
import { damage } from './damage.fixture.mjs';
import { factsOf } from './facts.fixture.mjs';
import { BIN, installPlugins, refusing, writeNetworks } from './plugins.fixture.mjs';

const CONF_DIR = '/etc/cni/net.d';
installPlugins();

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await play(JSON.parse(line))));
}

async function play({ networks, steps, refusals }) {
  rmSync('/var/lib/cni/networks', { recursive: true, force: true });
  writeNetworks(CONF_DIR, networks);
  const parts = await compose({
    ...{ logLevel: 'fatal', confDir: CONF_DIR, pluginDirs: [BIN, '/usr/lib/cni'] },
    wrapEffects: (effects) => ({
      ...effects,
      ...refusing(effects, refusals),
      // Time is the simulator's own: it comes at once.
      'timer.set': async ({ container, timer }) => ({ type: 'timer.fired', container, timer })
    })
  });
  const lives = recording(parts.store);
  const process = processOf(parts);
  const moments = [];
  for (const step of steps) {
    const outcome = 'command' in step ? await perform(process, step.command) : damage(parts, step);
    moments.push({ outcome: await outcome, facts: await factsOf(parts) });
  }
  // From here on nothing goes wrong any more.
  refusals.length = 0;
  await process.recover();
  for (const entry of await parts.store.list('container')) {
    if (!isLive(entry.actor.value)) continue;
    const { id: container } = entry.key;
    await parts.kept.keepPorts(container, new AbortController().signal);
    await perform(process, { verb: 'repair', container });
  }
  moments.push({ outcome: 'recovery', facts: await factsOf(parts) });
  for (const key of lives.standing()) {
    const [kind, container] = key.split('/');
    if (kind === 'container') await perform(process, { verb: 'remove', container });
  }
  moments.push({ outcome: 'the end', facts: await factsOf(parts) });
  await parts.registry.idle();
  await parts.close();
  return { moments, lives: lives.all };
}

function processOf(parts) {
  const commands = commandsOf({
    ...parts,
    readOnly: false,
    canPublish: true,
    networkName: async (wanted) => (await parts.networks.inspect(wanted)).name,
    startTimeOf: (pid) => statOf(pid)?.startTime
  });
  return { commands, recover: () => settleAll(parts) };
}

/** Every life of every actor, as it is committed. */
function recording(store) {
  const all = [];
  const living = new Map();
  const { commit, forget } = store;
  store.commit = async (lease, made) => {
    await commit.call(store, lease, made);
    const key = keyText(lease.key);
    if (!living.has(key)) {
      living.set(key, []);
      all.push({ key, records: living.get(key) });
    }
    const requests = made.requests.map(({ request }) => request);
    living.get(key).push({ event: made.event, value: made.value, requests });
  };
  store.forget = async (lease) => {
    await forget.call(store, lease);
    living.delete(keyText(lease.key));
  };
  return { all, standing: () => [...living.keys()] };
}
