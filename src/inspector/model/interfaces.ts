import type { SeenLink, SeenNetns } from '../../model/seen.ts';
import { isLive, type AttachmentView, type ContainerView } from '../../model/view.ts';
import type { Difference } from './topology.ts';

/** An interface of a container, as each truth has it. */
export interface InterfaceNode {
  readonly name: string;
  readonly network: string;
  /** Its spec asks for the network. */
  readonly desired: boolean;
  /** Its plugins have succeeded. */
  readonly recorded: boolean;
  /** It stands in the netns; `null`: that was not looked into. */
  readonly observed: boolean | null;
  readonly mac: string;
  readonly addresses: readonly AddressNode[];
  /** The host's end of the pair, `veth1a2b3c4d`; `null` where there is none, or it was not seen. */
  readonly hostLink: string | null;
  /** The bridge that the host's end is a port of. */
  readonly bridge: string | null;
  readonly differences: readonly Difference[];
}

export interface AddressNode {
  /** CIDR. */
  readonly address: string;
  readonly recorded: boolean;
  readonly observed: boolean | null;
}

export function interfacesOf(
  { spec, attachments, state }: ContainerView,
  inside: SeenNetns | undefined,
  host: readonly SeenLink[]
): readonly InterfaceNode[] {
  const wanted = spec.networks.map(({ network, ifName }) => ({ network, ifName, result: null }));
  const known = attachments.map(({ network }) => network);
  const all = [...attachments, ...wanted.filter(({ network }) => !known.includes(network))];
  const isUp = isLive(state);
  const names = new Set(spec.networks.map(({ network }) => network));
  return all.map((one) =>
    interfaceNode(one, { inside: seenIn(inside), host, isUp, desired: names.has(one.network) })
  );
}

interface Around {
  readonly inside: SeenNetns | undefined;
  readonly host: readonly SeenLink[];
  readonly isUp: boolean;
  readonly desired: boolean;
}

type Wanted = Pick<AttachmentView, 'network' | 'ifName' | 'result'>;

function interfaceNode({ network, ifName, result }: Wanted, around: Around): InterfaceNode {
  const { inside, host, isUp, desired } = around;
  const link = inside?.links.find(({ name }) => name === ifName);
  const end = link?.kind === 'veth' ? host.find(({ index }) => index === link.peer) : undefined;
  const bridge = end && host.find(({ index }) => index === end.master);
  const addresses = addressesOf(result, link, inside !== undefined);
  const named = (result?.interfaces ?? []).find(
    ({ name, sandbox }) => name === ifName && sandbox !== ''
  );
  const node = {
    ...{ name: ifName, network, desired, addresses },
    recorded: result !== null,
    observed: inside === undefined ? null : link !== undefined,
    mac: link?.mac ?? named?.mac ?? '',
    hostLink: end?.name ?? null,
    bridge: bridge?.name ?? null
  };
  return { ...node, differences: isUp ? differencesOf(node) : [] };
}

function addressesOf(
  result: AttachmentView['result'],
  link: SeenLink | undefined,
  looked: boolean
): readonly AddressNode[] {
  const recorded = (result?.ips ?? []).map(({ address }) => address);
  const seen = (link?.addresses ?? []).filter((address) => !address.startsWith('fe80:'));
  const all = [...new Set([...recorded, ...seen])];
  return all.map((address) => ({
    address,
    recorded: recorded.includes(address),
    observed: looked ? seen.includes(address) : null
  }));
}

function differencesOf(node: Omit<InterfaceNode, 'differences'>): readonly Difference[] {
  const { name, network, desired, recorded, observed, addresses } = node;
  if (recorded && observed === false) {
    return [{ object: name, text: `link ${name} of ${network} is gone`, kind: 'missing' }];
  }
  if (recorded && !desired) {
    return [
      { object: name, text: `network ${network} is attached and not asked for`, kind: 'unexpected' }
    ];
  }
  if (desired && !recorded) {
    return [
      { object: name, text: `network ${network} is asked for and not attached`, kind: 'missing' }
    ];
  }
  return addresses.flatMap((one): readonly Difference[] => {
    if (one.observed === null || one.recorded === one.observed) return [];
    const { address } = one;
    return one.recorded
      ? [{ object: address, text: `address ${address} of ${name} is gone`, kind: 'missing' }]
      : [
          {
            object: address,
            text: `address ${address} of ${name} was not given to it`,
            kind: 'unexpected'
          }
        ];
  });
}

/** A netns that could not be looked into tells nothing. */
function seenIn(inside: SeenNetns | undefined): SeenNetns | undefined {
  return inside?.failure === null ? inside : undefined;
}
