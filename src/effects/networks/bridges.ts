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

async function links(
  run: RunTool,
  args: readonly string[],
  bridge: string,
  context: Context
): Promise<readonly Json[]> {
  const exit = await ip(run, ['-j', ...args], bridge, context);
  if (isMissing(exit)) return [];
  if (exit.exitCode !== 0) throw refused(bridge, exit.stderr);
  const answer: unknown = exit.stdout.trim() === '' ? [] : JSON.parse(exit.stdout);
  // `ip` leaves an empty object for what its filter passed over.
  return (Array.isArray(answer) ? (answer as Json[]) : []).filter(
    (link) => isJsonObject(link) && link['ifname'] !== undefined
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
  { operation, signal }: Context
): Promise<ToolExit> {
  const exit = await run('ip', args, { stdin: '', operation, signal });
  if (exit !== undefined) return exit;
  throw refused(bridge, 'ip is not installed');
}

function isMissing({ exitCode, stderr }: ToolExit): boolean {
  return exitCode === 1 && /does not exist|Cannot find device/.test(stderr);
}

function refused(bridge: string, answer: string): MooringError {
  return new MooringError('network.bridgeStays', `deleting bridge ${bridge}: ${answer.trim()}`);
}
