import type { PortMapping } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import type { Json } from '../../model/json.ts';
import { portsOverlap } from '../../model/port-conflicts.ts';
import { hostPortText } from '../../model/port.ts';
import type { Allocations, Store } from '../../store/store.ts';
import type { EffectContext } from '../effects.ts';
import { chooseHostPort } from './choose.ts';
import { probePorts } from './probe.ts';

type PortStore = Pick<Store, 'allocations' | 'allocate'>;

const KIND = 'port';

/** Who has which host port. */
export interface PortClaims {
  /**
   * Takes host ports for one container; what it held before is replaced.
   *
   * @returns with the ports that were chosen
   * @throws MooringError `port.…`
   */
  claim(
    container: string,
    ports: readonly PortMapping[],
    context: EffectContext
  ): Promise<readonly PortMapping[]>;
  release(container: string, context: EffectContext): Promise<void>;
}

/**
 * Takes host ports for one container and gives them back.
 *
 * The plugins publish without binding, so neither the kernel nor they would refuse a
 * port that another container publishes: who has it is in the store.
 */
export function portClaims(store: PortStore): PortClaims {
  return {
    claim: (container, ports, { signal }) => claim(store, container, ports, signal),
    release: async (container, { signal }) => {
      await claim(store, container, [], signal);
    }
  };
}

async function claim(
  store: PortStore,
  container: string,
  ports: readonly PortMapping[],
  signal: AbortSignal
): Promise<readonly PortMapping[]> {
  const owner = `container/${container}`;
  const probed = new Set<PortMapping>();
  for (;;) {
    signal.throwIfAborted();
    const allocations = await store.allocations(KIND);
    const others = claimsOfOthers(allocations, owner);
    const fixed = ports.filter(({ hostPort }) => hostPort !== 0);
    refuseTaken(fixed, others);
    for (const mapping of fixed.filter((mapping) => !probed.has(mapping))) {
      await probePorts(mapping, signal);
      probed.add(mapping);
    }
    const chosen = await chooseAll(ports, others, signal);
    const holdsNone = !allocations.entries.some((entry) => entry.owner === owner);
    if (chosen.length === 0 && holdsNone) return chosen;
    const entries = chosen.map((mapping): Json => ({ ...mapping }));
    // Refused: somebody else took ports meanwhile, and got on; so this ends.
    if (await store.allocate(KIND, allocations.version, owner, entries)) return chosen;
  }
}

interface Claim {
  readonly owner: string;
  readonly mapping: PortMapping;
}

function claimsOfOthers({ entries }: Allocations, owner: string): readonly Claim[] {
  return (
    entries
      .filter((entry) => entry.owner !== owner)
      // This file is the only one that writes them.
      .map(({ owner, entry }) => ({ owner, mapping: entry as unknown as PortMapping }))
  );
}

function refuseTaken(wanted: readonly PortMapping[], others: readonly Claim[]): void {
  for (const mapping of wanted) {
    const claim = others.find((other) => portsOverlap(other.mapping, mapping));
    if (claim === undefined) continue;
    const holder = claim.owner.replace('/', ' ');
    throw new MooringError(
      'port.inUse',
      `host port ${hostPortText(mapping)} is published by ${holder}`
    );
  }
}

async function chooseAll(
  ports: readonly PortMapping[],
  others: readonly Claim[],
  signal: AbortSignal
): Promise<readonly PortMapping[]> {
  const taken = [...others.map(({ mapping }) => mapping), ...ports];
  const chosen: PortMapping[] = [];
  for (const mapping of ports) {
    const fixed = mapping.hostPort !== 0;
    chosen.push(fixed ? mapping : await chooseHostPort(mapping, [...taken, ...chosen], signal));
  }
  return chosen;
}
