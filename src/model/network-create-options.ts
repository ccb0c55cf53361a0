import { MooringError } from './failure.ts';
import type { NetworkDraft } from './network-plan.ts';

export type NetworkOptions = Pick<
  NetworkDraft,
  'mtu' | 'vlan' | 'parent' | 'mode' | 'metric' | 'isolate'
>;

const KNOWN = {
  bridge: ['mtu', 'vlan', 'isolate', 'metric'],
  macvlan: ['mtu', 'parent', 'mode', 'metric'],
  ipvlan: ['mtu', 'parent', 'mode', 'metric']
} as const;
const MODES = {
  bridge: [],
  macvlan: ['bridge', 'private', 'vepa', 'passthru'],
  ipvlan: ['l2', 'l3', 'l3s']
} as const;
const VLAN_MAX = 4094;
const MTU_MAX = 65_535;
const METRIC_MAX = 2 ** 32 - 1;
const TRUE = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE = ['0', 'f', 'F', 'false', 'FALSE', 'False'];

/**
 * Driver options: `mtu` and `metric`; `vlan` and `isolate` of a bridge; `parent` and `mode` of a
 * macvlan or ipvlan. An MTU, VLAN or metric of 0 says nothing.
 *
 * @throws MooringError `network.badOption`
 */
export function parseNetworkOptions(
  driver: NetworkDraft['driver'],
  options: Readonly<Record<string, string>>
): NetworkOptions {
  const known: readonly string[] = KNOWN[driver];
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) throw bad(`unsupported network option ${unknown}`);
  const { mtu, vlan, parent, mode, metric, isolate } = options;
  return {
    ...(mtu === undefined ? {} : { mtu: parseMtu(mtu) }),
    ...(vlan === undefined ? {} : { vlan: parseVlan(vlan) }),
    ...(metric === undefined ? {} : { metric: parseMetric(metric) }),
    ...(isolate === undefined ? {} : { isolate: parseBoolean(isolate, 'isolate') }),
    ...(mode === undefined ? {} : { mode: parseMode(driver, mode) }),
    ...(parent === undefined ? {} : { parent })
  };
}

/** @throws MooringError `network.badOption` */
export function parseMetric(text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= METRIC_MAX) return Number(text);
  throw bad(`metric ${JSON.stringify(text)} must be a whole number from 0 to ${METRIC_MAX}`);
}

function parseMtu(text: string): number {
  const mtu = parseInteger(text, 'mtu');
  if (mtu < 0) throw bad(`mtu ${mtu} is less than zero`);
  if (mtu > MTU_MAX) throw bad(`mtu ${mtu} is over ${MTU_MAX}`);
  return mtu;
}

function parseVlan(text: string): number {
  const vlan = parseInteger(text, 'vlan');
  if (vlan >= 0 && vlan <= VLAN_MAX) return vlan;
  throw bad(`vlan ID ${vlan} must be between 0 and ${VLAN_MAX}`);
}

function parseMode(driver: NetworkDraft['driver'], mode: string): string {
  const modes: readonly string[] = MODES[driver];
  if (modes.includes(mode)) return mode;
  throw bad(`unknown ${driver} mode ${JSON.stringify(mode)}, it must be ${modes.join(', ')}`);
}

function parseBoolean(text: string, what: string): boolean {
  if (TRUE.includes(text)) return true;
  if (FALSE.includes(text)) return false;
  throw bad(`${what} ${JSON.stringify(text)} must be true or false`);
}

function parseInteger(text: string, what: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw bad(`${what} ${JSON.stringify(text)} is not a whole number`);
}

function bad(message: string): MooringError {
  return new MooringError('network.badOption', message);
}
