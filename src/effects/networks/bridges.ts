import { MooringError } from '../../model/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Link } from '../../syscalls/netlink-route.ts';
import { isNetnsAlive } from '../../syscalls/netns-number.ts';
import { observeLinks } from '../../syscalls/observe.ts';
import type { EffectContext } from '../effects.ts';
import type { RunTool, ToolExit } from '../firewall/iptables.ts';

type Context = Pick<EffectContext, 'operation' | 'signal'>;

/**
 * Deletes a bridge unless something is attached to it. What isn't a bridge stays.
 *
 * Links of a netns that has ended are nobody's, though the kernel may take them away only later:
 * they go with it.
 *
 * @throws MooringError `network.bridgeStays` with what `ip` answered
 */
export async function removeIdleBridge(
  run: RunTool,
  name: string,
  context: Context
): Promise<void> {
  const links = observeLinks();
  const bridge = links.find((link) => link.name === name);
  if (bridge?.kind !== 'bridge') return;
  const ports = links.filter(({ master }) => master === bridge.index);
  if (!ports.every(isLeftBehind)) return;
  const ip = askIp(run, context, (answer) => stays(name, answer));
  for (const port of ports) await ip.run(['link', 'delete', 'dev', port.name]);
  await ip.run(['link', 'delete', 'dev', name, 'type', 'bridge']);
}

function isLeftBehind({ peerNetns }: Link): boolean {
  return peerNetns !== undefined && !isNetnsAlive(peerNetns);
}

/**
 * What is attached to a bridge, as a user would look for it: `veth1a2b (netns shop)`.
 *
 * @throws MooringError `network.bridgeUnknown` with what `ip` answered
 * @see ip-netns(8): ids by which a netns knows others
 */
export async function bridgePorts(
  run: RunTool,
  name: string,
  context: Context
): Promise<readonly string[]> {
  const ip = askIp(run, context, (answer) => unknown(name, answer));
  const ports = await ip.list(['link', 'show', 'master', name], 'ifname');
  if (ports.length === 0) return [];
  const spaces = await ip.list(['netns', 'list'], 'name');
  return ports.map((port) => {
    const id = port['link_netnsid'];
    const peer = id === undefined ? undefined : spaces.find((space) => space['id'] === id);
    const place = textOf(peer?.['name'] ?? port['link_netns']);
    const ifName = textOf(port['ifname']);
    return place === '' ? ifName : `${ifName} (netns ${place})`;
  });
}

function askIp(
  run: RunTool,
  { operation, signal }: Context,
  failed: (answer: string) => MooringError
) {
  const runIp = async (args: readonly string[]): Promise<ToolExit | undefined> => {
    const exit = await run('ip', args, { stdin: '', operation, signal });
    if (exit === undefined) throw failed('ip is not installed');
    if (isMissing(exit)) return undefined;
    if (exit.exitCode !== 0) throw failed(exit.stderr);
    return exit;
  };
  return {
    run: runIp,
    /** Objects that have the key: `ip` leaves an empty one for what its filter passed over. */
    async list(args: readonly string[], key: string): Promise<readonly JsonObject[]> {
      const exit = await runIp(['-j', ...args]);
      if (exit === undefined || exit.stdout.trim() === '') return [];
      const answer: unknown = JSON.parse(exit.stdout);
      return (Array.isArray(answer) ? (answer as Json[]) : [])
        .filter(isJsonObject)
        .filter((entry) => entry[key] !== undefined);
    }
  };
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function isMissing({ exitCode, stderr }: ToolExit): boolean {
  return exitCode !== 0 && /does not exist|Cannot find device/.test(stderr);
}

function stays(bridge: string, answer: string): MooringError {
  return new MooringError('network.bridgeStays', `deleting bridge ${bridge}: ${answer.trim()}`);
}

function unknown(bridge: string, answer: string): MooringError {
  return new MooringError('network.bridgeUnknown', `looking at bridge ${bridge}: ${answer.trim()}`);
}
