import type { CniResult } from '../../model/cni-result.ts';
import type { Attachment, Netns } from '../../model/container.ts';
import type { Failure } from '../../model/failure.ts';
import type { Kernel, Thing, ThingKind } from './kernel.ts';
import { addressesIn, addressOf, bridgeOf, portsOf } from './networks.ts';
import type { SimHost } from './world.ts';

/** What a plugin chain (bridge, host-local, portmap, firewall) is called for. */
export interface ChainCall {
  readonly container: string;
  readonly netns: Netns | null;
  readonly attachment: Attachment;
  readonly operation: string;
}

type Steps = readonly (() => Failure | null)[];

/** What ADD has come to know of what it made. */
export interface Made {
  readonly addresses: string[];
  /** The host's end of the link, `veth7`: another one with each ADD. */
  end: string;
}

/** ADD, step by step; what it has made is in `made` when it is done. */
export function addSteps(host: SimHost, call: ChainCall, made: Made): Steps {
  const { kernel } = host;
  const { addresses: taken } = made;
  const { container, attachment, operation } = call;
  const { network, ifName } = attachment;
  const of = `${container}/${network}`;
  const link = `${container}/${ifName}`;
  const make = (kind: ThingKind, name: string, value: string, netns = 0): null => {
    kernel.add({ kind, name, of, netns, value }, operation);
    return null;
  };

  return [
    () => takeAddresses(host, call, taken),
    // Kept as soon as it is known, for a DEL that comes though ADD has not succeeded.
    () => {
      kernel.remove('file', `result ${of}`, operation);
      return make('file', `result ${of}`, taken.join());
    },
    () => {
      const name = bridgeOf(network);
      if (!kernel.get('bridge', name)) {
        const value = String(kernel.newInode());
        kernel.add({ kind: 'bridge', name, of: network, netns: 0, value }, operation);
      }
      return null;
    },
    () => {
      const inode = inodeOf(kernel, call);
      if (inode === undefined) return refusal(call, 'the netns is gone');
      make('link', link, '', inode);
      made.end = `veth${kernel.newInode()}`;
      return make('veth', link, `${made.end}@${kernel.get('bridge', bridgeOf(network))?.value}`);
    },
    () => {
      const inode = inodeOf(kernel, call);
      if (inode === undefined || !kernel.get('link', link)) return refusal(call, 'no such link');
      for (const address of taken) make('address', `${link} ${address}`, address, inode);
      return null;
    },
    () => make('rule', `masquerade ${of}`, taken.join()),
    () => {
      for (const port of portsOf(attachment)) make('rule', `dnat ${of} ${port}`, String(port));
      return null;
    },
    () => {
      for (const address of taken) make('rule', `accept ${of} ${address}`, address);
      return null;
    }
  ];
}

/** DEL, step by step. What it doesn't find is no error; a link that it doesn't find it can't ask. */
export function delSteps(host: SimHost, call: ChainCall): Steps {
  const { kernel } = host;
  const { container, attachment, operation } = call;
  const { network, ifName, pinned } = attachment;
  const of = `${container}/${network}`;
  const link = `${container}/${ifName}`;
  let found: readonly Thing[] | undefined;
  const remove = (things: readonly Thing[]): null => {
    for (const { kind, name } of things) kernel.remove(kind, name, operation);
    return null;
  };
  const rules = (kind: string) =>
    kernel.ofKind('rule').filter((rule) => rule.of === of && rule.name.startsWith(kind));

  return [
    () => {
      const kept = kernel.get('file', `result ${of}`)?.value.split(',') ?? [];
      const known = attachment.result ? addressesIn(attachment) : kept;
      return remove(rules('accept').filter(({ value }) => known.includes(value)));
    },
    () => {
      remove(rules('dnat'));
      return remove(kernel.ofKind('flow').filter((flow) => flow.of === of));
    },
    () => {
      const inode = inodeOf(kernel, call);
      if (inode === undefined || kernel.get('link', link)?.netns !== inode) return null;
      found = kernel.ofKind('address').filter((address) => address.name.startsWith(`${link} `));
      remove(found);
      kernel.remove('link', link, operation);
      kernel.remove('veth', link, operation);
      return null;
    },
    () => {
      if (pinned) return null;
      const own = (lease: Thing): boolean => lease.of === of && lease.value === ifName;
      return remove(kernel.ofKind('lease').filter(own));
    },
    // By the addresses that the link had.
    () => {
      const isFound = (address: string) => found?.some(({ value }) => value === address);
      return remove(rules('masquerade').filter(({ value }) => value.split(',').every(isFound)));
    },
    () => {
      kernel.remove('file', `result ${of}`, operation);
      return null;
    }
  ];
}

/** Steps of DEL at which firewall, portmap and bridge begin, and the one that is none of theirs. */
export const DEL_TURNS = { begins: [0, 1, 2], end: 5 } as const;

/** Takes away what is left of rules, by exact owner. */
export function sweepSteps(
  { kernel }: SimHost,
  container: string,
  networks: readonly string[],
  operation: string
): Steps {
  return networks.map((network) => () => {
    for (const { kind, name, of } of kernel.ofKind('rule')) {
      if (of === `${container}/${network}`) kernel.remove(kind, name, operation);
    }
    return null;
  });
}

export function resultOf({ netns, attachment }: ChainCall, { addresses, end }: Made): CniResult {
  const { network, ifName } = attachment;
  return {
    cniVersion: '1.0.0',
    interfaces: [
      { name: bridgeOf(network) },
      { name: end },
      { name: ifName, sandbox: netns!.path }
    ],
    ips: addresses.map((address) => ({
      address: `${address}/${address.includes(':') ? 64 : 24}`,
      interface: 2
    }))
  };
}

/** Inode of the netns that the call is for, if that is what stands at its path still. */
export function inodeOf(kernel: Kernel, { netns }: Pick<ChainCall, 'netns'>): number | undefined {
  if (netns === null) return undefined;
  const standing = kernel.find('netns', ({ value }) => value === netns.path);
  return standing && String(standing.netns) === netns.inode ? standing.netns : undefined;
}

/** The next that nobody has, behind the one that was given last; or those that are pinned, which are kept as they are. */
function takeAddresses(host: SimHost, call: ChainCall, taken: string[]): Failure | null {
  const { attachment, container, operation } = call;
  const { network, ifName } = attachment;
  if (attachment.pinned) {
    taken.push(...addressesIn(attachment));
    return null;
  }
  const index = host.networks.findIndex(({ name }) => name === network);
  const plan = host.networks[index]!;
  for (const family of plan.dualStack ? ([4, 6] as const) : ([4] as const)) {
    const free = freeAddress(host, network, index, { family, most: plan.addresses });
    if (free === undefined) return refusal(call, 'the pool is empty');
    const of = `${container}/${network}`;
    const lease: Thing = { kind: 'lease', name: `${network} ${free}`, of, netns: 0, value: ifName };
    host.kernel.add(lease, operation);
    taken.push(free);
  }
  return null;
}

function freeAddress(
  { kernel, lastGiven }: SimHost,
  network: string,
  index: number,
  { family, most }: { readonly family: 4 | 6; readonly most: number }
): string | undefined {
  const last = lastGiven.get(`${network} ${family}`) ?? 0;
  for (let step = 0; step < most; step += 1) {
    const count = ((last + step) % most) + 1;
    const address = addressOf(index, count, family);
    if (kernel.get('lease', `${network} ${address}`)) continue;
    lastGiven.set(`${network} ${family}`, count);
    return address;
  }
  return undefined;
}

function refusal({ container, attachment }: ChainCall, reason: string): Failure {
  return { code: 'cni.100', message: `${attachment.network} for ${container}: ${reason}` };
}
