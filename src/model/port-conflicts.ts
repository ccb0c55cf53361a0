import type { PortMapping } from './container.ts';
import { MooringError } from './failure.ts';

const MAPPINGS_MAX = 1024;
const PORTS_MAX = 65_535;

/**
 * Checks that the mappings of one container can stand side by side, and says each port once.
 *
 * What is said twice collapses; mappings whose host port is left to choose never clash.
 *
 * @throws MooringError `port.conflict` when one host port leads to two container ports; `port.tooMany`
 */
export function checkPorts(mappings: readonly PortMapping[]): readonly PortMapping[] {
  if (mappings.length > MAPPINGS_MAX) {
    throw new MooringError(
      'port.tooMany',
      `${mappings.length} port mappings, the limit is ${MAPPINGS_MAX}`
    );
  }
  const kept = mappings.reduce(withMapping, []);
  const ports = kept.reduce((sum, { range }) => sum + range, 0);
  if (ports > PORTS_MAX) {
    throw new MooringError('port.tooMany', `${ports} published ports, the limit is ${PORTS_MAX}`);
  }
  return kept;
}

/**
 * Whether two mappings want one port of one address.
 *
 * `''` is every address of both families, `::` every one of IPv6. A host port that is
 * not chosen yet overlaps nothing.
 */
export function portsOverlap(a: PortMapping, b: PortMapping): boolean {
  return (
    a.hostPort !== 0 &&
    b.hostPort !== 0 &&
    a.protocol === b.protocol &&
    a.hostPort < b.hostPort + b.range &&
    b.hostPort < a.hostPort + a.range &&
    addressesOverlap(a.hostIp, b.hostIp)
  );
}

/** Neighbouring ports that lead to neighbouring ports become one range, lowest first. */
export function mergePorts(mappings: readonly PortMapping[]): readonly PortMapping[] {
  const sorted = mappings.toSorted(
    (a, b) =>
      a.protocol.localeCompare(b.protocol) ||
      a.hostIp.localeCompare(b.hostIp) ||
      a.hostPort - b.hostPort ||
      a.containerPort - b.containerPort
  );
  return sorted.reduce<PortMapping[]>((merged, mapping) => {
    const last = merged.at(-1);
    if (last === undefined || !continues(last, mapping)) return [...merged, mapping];
    return [...merged.slice(0, -1), union(last, mapping)];
  }, []);
}

function withMapping(kept: readonly PortMapping[], mapping: PortMapping): readonly PortMapping[] {
  if (mapping.hostPort === 0) {
    return kept.some((other) => isSame(other, mapping)) ? kept : [...kept, mapping];
  }
  for (const [index, other] of kept.entries()) {
    if (!portsOverlap(other, mapping)) continue;
    if (offsetOf(other) !== offsetOf(mapping) || other.via !== mapping.via) {
      throw conflict(other, mapping);
    }
    if (other.hostIp !== mapping.hostIp) continue;
    const both = union(other, mapping);
    return isSame(both, other) ? kept : withMapping(kept.toSpliced(index, 1), both);
  }
  return [...kept, mapping];
}

function conflict(a: PortMapping, b: PortMapping): MooringError {
  const port = Math.max(a.hostPort, b.hostPort);
  return new MooringError(
    'port.conflict',
    `conflicting port mappings for host port ${port} (protocol ${a.protocol})`
  );
}

function addressesOverlap(a: string, b: string): boolean {
  if (a === b || a === '' || b === '') return true;
  return (a === '::' && b.includes(':')) || (b === '::' && a.includes(':'));
}

function isSame(a: PortMapping, b: PortMapping): boolean {
  return (
    a.hostIp === b.hostIp &&
    a.hostPort === b.hostPort &&
    a.containerPort === b.containerPort &&
    a.range === b.range &&
    a.protocol === b.protocol &&
    a.via === b.via
  );
}

function continues(a: PortMapping, b: PortMapping): boolean {
  return (
    a.hostPort !== 0 &&
    a.hostIp === b.hostIp &&
    a.protocol === b.protocol &&
    a.via === b.via &&
    offsetOf(a) === offsetOf(b) &&
    b.hostPort <= a.hostPort + a.range
  );
}

function union(a: PortMapping, b: PortMapping): PortMapping {
  const first = a.hostPort <= b.hostPort ? a : b;
  const end = Math.max(a.hostPort + a.range, b.hostPort + b.range);
  return { ...first, range: end - first.hostPort };
}

function offsetOf({ hostPort, containerPort }: PortMapping): number {
  return containerPort - hostPort;
}
