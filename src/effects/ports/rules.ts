import type { PortMapping } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import { portsOverlap } from '../../model/port-conflicts.ts';
import { hostPortText } from '../../model/port.ts';
import type { EffectContext } from '../effects.ts';
import {
  saveTable,
  wordAfter,
  type Rule,
  type RuleTable,
  type RunTool
} from '../firewall/iptables.ts';
import { forwardedAtMost } from './forwarded.ts';

/** A host port that a rule forwards, without anything that listens. */
export interface ForwardedPort {
  readonly mapping: PortMapping;
  /** Comment of the rule, `dnat name: "front" id: "web"`, or its chain. */
  readonly owner: string;
}

/**
 * The host ports that the rules of iptables forward already: those of the portmap plugin, of
 * netavark and of Docker, whoever runs them.
 *
 * A rule that somebody wrote into a chain of the kernel's is not looked at: it goes before ours
 * or after them, as its author wants it. The kernel is asked first, which takes no process; only
 * where it tells of a port that is wanted, or can't tell, `iptables-save` is, which names the owner.
 *
 * @param container whose own rules are left out
 * @param wanted says of which families the rules are read
 * @returns at least those that overlap the wanted ones; others, and the container's own, may be among them
 */
export async function forwardedPorts(
  run: RunTool,
  container: string,
  wanted: readonly PortMapping[],
  context: Pick<EffectContext, 'operation' | 'signal'>
): Promise<readonly ForwardedPort[]> {
  const families = FAMILIES.filter(({ isOurs }) => wanted.some(isOurs));
  const seen = forwardedAtMost(
    families.map(({ family }) => family),
    isPublisher
  );
  const isClear = seen?.every((mapping) => !wanted.some((one) => portsOverlap(one, mapping)));
  if (seen && isClear) return seen.map((mapping) => ({ mapping, owner: 'a firewall rule' }));
  const found = await Promise.all(
    families.map(async ({ tool, every }) =>
      forwardedBy(await saveTable(run, tool, 'nat', context), container, every)
    )
  );
  return found.flat();
}

const FAMILIES = [
  {
    family: 4,
    tool: 'iptables',
    every: '',
    isOurs: ({ hostIp }: PortMapping) => !hostIp.includes(':')
  },
  {
    family: 6,
    tool: 'ip6tables',
    every: '::',
    isOurs: ({ hostIp }: PortMapping) => hostIp === '' || hostIp.includes(':')
  }
] as const;

/** @throws MooringError `port.inUse` naming the rule */
export function refuseForwarded(
  wanted: readonly PortMapping[],
  forwarded: readonly ForwardedPort[]
): void {
  for (const mapping of wanted) {
    const other = forwarded.find((one) => portsOverlap(one.mapping, mapping));
    if (other === undefined) continue;
    throw new MooringError(
      'port.inUse',
      `host port ${hostPortText(mapping)} is published by a firewall rule of another: ${other.owner}`
    );
  }
}

/** @param every address that stands for all of the family in a mapping */
export function forwardedBy(
  { rules }: RuleTable,
  container: string,
  every: '' | '::'
): readonly ForwardedPort[] {
  const owners = new Map(
    rules.flatMap((rule) => {
      const target = wordAfter(rule, '-j');
      const comment = wordAfter(rule, '--comment');
      return target === undefined ? [] : [[target, { comment }] as const];
    })
  );
  return rules.filter(isForward).flatMap((rule) => {
    const jump = owners.get(rule.chain);
    // A chain that nothing leads to forwards nothing.
    if (jump === undefined) return [];
    const owner = wordAfter(rule, '--comment') ?? jump.comment ?? `chain ${rule.chain}`;
    if (isOf(owner, container)) return [];
    const mapping = mappingOf(rule, every);
    return mapping === undefined ? [] : [{ mapping, owner }];
  });
}

function isPublisher(chain: string): boolean {
  return /^(CNI-DN-|NETAVARK-DN-|DOCKER$)/.test(chain);
}

function isForward(rule: Rule): boolean {
  return isPublisher(rule.chain) && wordAfter(rule, '-j') === 'DNAT';
}

// `id: "web"` as portmap writes it, `id: web` as netavark does.
function isOf(owner: string, container: string): boolean {
  const [, id] = / id: "?([^"\s]+)"?$/.exec(owner) ?? [];
  return id === container;
}

function mappingOf(rule: Rule, every: '' | '::'): PortMapping | undefined {
  const protocol = wordAfter(rule, '-p');
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') return undefined;
  const [first = 0, last = first] = (wordAfter(rule, '--dport') ?? '').split(':').map(Number);
  if (!(first > 0)) return undefined;
  const destination = wordAfter(rule, '-d')?.replace(/\/(32|128)$/, '');
  return {
    hostIp: destination ?? every,
    hostPort: first,
    containerPort: first,
    range: last - first + 1,
    protocol
  };
}
