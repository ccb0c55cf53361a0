import type { PortMapping } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import { portsOverlap } from '../../model/port-conflicts.ts';
import { ephemeralPort, probePorts } from './probe.ts';

const TRIES = 32;
const PORT_MAX = 65_535;

/**
 * Gives a mapping without a host port one that is free now: consecutive ones for a range.
 *
 * @param taken mappings that it may not touch
 * @throws MooringError `port.noneFree`, `port.badAddress`
 */
export async function chooseHostPort(
  mapping: PortMapping,
  taken: readonly PortMapping[],
  signal: AbortSignal
): Promise<PortMapping> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const hostPort = await ephemeralPort(mapping);
    if (hostPort === undefined || hostPort + mapping.range - 1 > PORT_MAX) continue;
    const candidate = { ...mapping, hostPort };
    if (taken.some((other) => portsOverlap(other, candidate))) continue;
    if (await isFree(candidate, signal)) return candidate;
  }
  const what = mapping.range === 1 ? 'host port' : `${mapping.range} host ports in a row`;
  throw new MooringError(
    'port.noneFree',
    `no free ${what} found for container port ${mapping.containerPort}/${mapping.protocol} in ${TRIES} tries`
  );
}

async function isFree(mapping: PortMapping, signal: AbortSignal): Promise<boolean> {
  try {
    if (mapping.range > 1) await probePorts(mapping, signal);
    return true;
  } catch (error) {
    if (error instanceof MooringError && error.code === 'port.inUse') return false;
    throw error;
  }
}
