import { MooringError } from '../../model/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { EffectContext } from '../effects.ts';
import type { RunTool, ToolExit } from '../firewall/iptables.ts';

type Context = Pick<EffectContext, 'operation' | 'signal'>;

/** A bridge that `ip` is asked about. */
interface Asking {
  readonly run: RunTool;
  readonly bridge: string;
  readonly context: Context;
  readonly failed: (bridge: string, answer: string) => MooringError;
}

/**
 * Deletes a bridge unless something is attached to it. What isn't a bridge stays.
 *
 * @throws MooringError `network.bridgeStays` with what `ip` answered
 */
export async function removeIdleBridge(
  run: RunTool,
  name: string,
  context: Context
): Promise<void> {
  const asking: Asking = { run, bridge: name, context, failed: refused };
  const [link] = await links(asking, ['-d', 'link', 'show', 'dev', name]);
  if (link === undefined || kindOf(link) !== 'bridge') return;
  const ports = await links(asking, ['link', 'show', 'master', name]);
  if (ports.length > 0) return;
  const exit = await ip(asking, ['link', 'delete', 'dev', name, 'type', 'bridge']);
  if (exit.exitCode !== 0 && !isMissing(exit)) throw refused(name, exit.stderr);
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
  const asking: Asking = { run, bridge: name, context, failed: unknown };
  const ports = await links(asking, ['link', 'show', 'master', name]);
  if (ports.length === 0) return [];
  const spaces = await links(asking, ['netns', 'list'], 'name');
  return ports.map((port) => {
    const peer = spaces.find(({ id }) => id !== undefined && id === port['link_netnsid']);
    const at = peer?.['name'] ?? port['link_netns'];
    const name = textOf(port['ifname']);
    return typeof at === 'string' ? `${name} (netns ${at})` : name;
  });
}

async function links(
  asking: Asking,
  args: readonly string[],
  key = 'ifname'
): Promise<readonly JsonObject[]> {
  const exit = await ip(asking, ['-j', ...args]);
  if (isMissing(exit)) return [];
  if (exit.exitCode !== 0) throw asking.failed(asking.bridge, exit.stderr);
  const answer: unknown = exit.stdout.trim() === '' ? [] : JSON.parse(exit.stdout);
  // `ip` leaves an empty object for what its filter passed over.
  return (Array.isArray(answer) ? (answer as Json[]) : [])
    .filter(isJsonObject)
    .filter((link) => link[key] !== undefined);
}

function kindOf({ linkinfo }: JsonObject): Json | undefined {
  return isJsonObject(linkinfo) ? linkinfo['info_kind'] : undefined;
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '?';
}

async function ip(
  { run, bridge, context: { operation, signal }, failed }: Asking,
  args: readonly string[]
): Promise<ToolExit> {
  const exit = await run('ip', args, { stdin: '', operation, signal });
  if (exit !== undefined) return exit;
  throw failed(bridge, 'ip is not installed');
}

function isMissing({ exitCode, stderr }: ToolExit): boolean {
  return exitCode !== 0 && /does not exist|Cannot find device/.test(stderr);
}

function refused(bridge: string, answer: string): MooringError {
  return new MooringError('network.bridgeStays', `deleting bridge ${bridge}: ${answer.trim()}`);
}

function unknown(bridge: string, answer: string): MooringError {
  return new MooringError('network.bridgeUnknown', `looking at bridge ${bridge}: ${answer.trim()}`);
}
