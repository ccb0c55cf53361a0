import { MooringError } from '../../model/failure.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { EffectContext } from '../effects.ts';
import type { RunTool, ToolExit } from '../firewall/iptables.ts';

type Context = Pick<EffectContext, 'operation' | 'signal'>;

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
  const [link] = await links(run, ['-d', 'link', 'show', 'dev', name], name, context);
  if (link === undefined || kindOf(link) !== 'bridge') return;
  const ports = await links(run, ['link', 'show', 'master', name], name, context);
  if (ports.length > 0) return;
  const exit = await ip(run, ['link', 'delete', 'dev', name, 'type', 'bridge'], name, context);
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
  const ports = await links(run, ['link', 'show', 'master', name], name, context, unknown);
  if (ports.length === 0) return [];
  const spaces = await links(run, ['netns', 'list'], name, context, unknown, 'name');
  return ports.filter(isJsonObject).map((port) => {
    const peer = spaces
      .filter(isJsonObject)
      .find(({ id }) => id !== undefined && id === port['link_netnsid']);
    const at = peer?.['name'] ?? port['link_netns'];
    return typeof at === 'string'
      ? `${String(port['ifname'])} (netns ${at})`
      : String(port['ifname']);
  });
}

async function links(
  run: RunTool,
  args: readonly string[],
  bridge: string,
  context: Context,
  failed = refused,
  key = 'ifname'
): Promise<readonly Json[]> {
  const exit = await ip(run, ['-j', ...args], bridge, context, failed);
  if (isMissing(exit)) return [];
  if (exit.exitCode !== 0) throw failed(bridge, exit.stderr);
  const answer: unknown = exit.stdout.trim() === '' ? [] : JSON.parse(exit.stdout);
  // `ip` leaves an empty object for what its filter passed over.
  return (Array.isArray(answer) ? (answer as Json[]) : []).filter(
    (link) => isJsonObject(link) && link[key] !== undefined
  );
}

function kindOf(link: Json): Json | undefined {
  const info = isJsonObject(link) ? link['linkinfo'] : undefined;
  return isJsonObject(info) ? info['info_kind'] : undefined;
}

async function ip(
  run: RunTool,
  args: readonly string[],
  bridge: string,
  { operation, signal }: Context,
  failed = refused
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
