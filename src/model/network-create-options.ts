import { MooringError } from './failure.ts';
import type { NetworkDraft } from './network-plan.ts';

export type NetworkOptions = Pick<NetworkDraft, 'mtu' | 'vlan' | 'parent'>;

const KNOWN = { bridge: ['mtu', 'vlan'], macvlan: ['mtu', 'parent'] } as const;
const VLAN_MAX = 4094;
const MTU_MAX = 65_535;

/**
 * Driver options: `mtu`, `vlan` (bridge), `parent` (macvlan).
 *
 * @throws MooringError `network.badOption`
 */
export function parseNetworkOptions(
  driver: NetworkDraft['driver'],
  options: Readonly<Record<string, string>>
): NetworkOptions {
  const known: readonly string[] = KNOWN[driver];
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new MooringError('network.badOption', `unsupported network option ${unknown}`);
  }
  const { mtu, vlan, parent } = options;
  return {
    ...(mtu === undefined ? {} : { mtu: parseMtu(mtu) }),
    ...(vlan === undefined ? {} : { vlan: parseVlan(vlan) }),
    ...(parent === undefined ? {} : { parent })
  };
}

function parseMtu(text: string): number {
  const mtu = parseInteger(text, 'mtu');
  if (mtu < 0) throw new MooringError('network.badOption', `mtu ${mtu} is less than zero`);
  if (mtu > MTU_MAX) throw new MooringError('network.badOption', `mtu ${mtu} is over ${MTU_MAX}`);
  return mtu;
}

function parseVlan(text: string): number {
  const vlan = parseInteger(text, 'vlan');
  if (vlan >= 0 && vlan <= VLAN_MAX) return vlan;
  throw new MooringError('network.badOption', `vlan ID ${vlan} must be between 0 and ${VLAN_MAX}`);
}

function parseInteger(text: string, what: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw new MooringError(
    'network.badOption',
    `${what} ${JSON.stringify(text)} is not a whole number`
  );
}
