import type { ObservedLink, ObservedNetns, ObservedRoute } from '../model/examination.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { MooringError } from '../model/failure.ts';
import type { EffectContext } from './effects.ts';
import type { RunTool } from './firewall/iptables.ts';

type Context = Pick<EffectContext, 'operation' | 'signal'>;

/**
 * Links, addresses and routes in the netns at a path, as ip(8) tells them; nothing is changed.
 *
 * @param path absolute; that it is the expected netns is for the caller to see
 * @throws MooringError `netns.unobserved`
 */
export async function observeNetns(
  run: RunTool,
  path: string,
  context: Context
): Promise<ObservedNetns> {
  const [links, v4, v6] = await Promise.all([
    ip(run, path, ['-d', 'addr', 'show'], context),
    ip(run, path, ['-4', 'route', 'show'], context),
    ip(run, path, ['-6', 'route', 'show'], context)
  ]);
  return { links: links.map(linkOf), routes: [...v4, ...v6].map(routeOf) };
}

async function ip(
  run: RunTool,
  path: string,
  args: readonly string[],
  { operation, signal }: Context
): Promise<readonly JsonObject[]> {
  const argv = [`--net=${path}`, 'ip', '-j', ...args];
  const exit = await run('nsenter', argv, { stdin: '', operation, signal });
  if (exit?.exitCode !== 0) {
    const answer = exit === undefined ? 'nsenter is not installed' : exit.stderr.trim();
    throw new MooringError('netns.unobserved', `ip ${args.join(' ')} in ${path}: ${answer}`);
  }
  const list: unknown = exit.stdout.trim() === '' ? [] : JSON.parse(exit.stdout);
  return (Array.isArray(list) ? list : []).filter(isJsonObject);
}

function linkOf(link: JsonObject): ObservedLink {
  const info = isJsonObject(link['linkinfo']) ? link['linkinfo'] : {};
  const mac = text(link['address']);
  return {
    name: text(link['ifname']),
    kind: text(info['info_kind']),
    mac: text(link['link_type']) === 'loopback' ? '' : mac,
    mtu: typeof link['mtu'] === 'number' ? link['mtu'] : 0,
    up: list(link['flags']).includes('UP'),
    addresses: list(link['addr_info'])
      .filter(isJsonObject)
      .map(({ local, prefixlen }) => `${text(local)}/${JSON.stringify(prefixlen)}`)
  };
}

function routeOf({ dst, gateway, dev }: JsonObject): ObservedRoute {
  return { destination: text(dst), gateway: text(gateway), link: text(dev) };
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
