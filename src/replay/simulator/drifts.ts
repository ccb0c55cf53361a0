import type { RequestOf } from '../../bus/requests.ts';
import type { Attachment } from '../../model/container.ts';
import type { Drift } from '../../model/drift.ts';
import type { Failure } from '../../model/failure.ts';
import { inodeOf } from './chain.ts';
import type { Kernel, Thing } from './kernel.ts';
import { addressesIn, bridgeOf, hostEndIn, portsOf } from './networks.ts';

/** What the plugins made of an attachment and is not there any more. */
export function driftsOf(
  kernel: Kernel,
  {
    container,
    netns,
    attachments
  }: Pick<RequestOf<'attachments.examine'>, 'container' | 'netns' | 'attachments'>
): readonly Drift[] {
  const inode = inodeOf(kernel, { netns });
  if (inode === undefined) {
    const text = `the network namespace ${netns.path} is gone`;
    return [{ network: null, kind: 'netns', object: netns.path, text }];
  }
  return attachments.flatMap((attachment) =>
    wantedOf(container, attachment, inode)
      .filter(({ thing }) => !isThere(kernel, thing))
      // A link that is gone took its addresses with it.
      .filter(({ kind }, _, missing) => kind !== 'address' || missing[0]?.kind !== 'link')
      .map(({ thing, kind }): Drift => {
        const { network } = attachment;
        return { network, kind, object: thing.name, text: `${thing.kind} ${thing.name} is gone` };
      })
  );
}

/** Puts back what needs no link to be touched. */
export function mendSteps(
  kernel: Kernel,
  container: string,
  attachments: readonly Attachment[],
  operation: string
): readonly (() => Failure | null)[] {
  return attachments.map((attachment) => () => {
    for (const { thing, kind } of wantedOf(container, attachment, 0)) {
      if (kind === 'rule' && !kernel.get('rule', thing.name)) kernel.add(thing, operation);
    }
    return null;
  });
}

export interface Wanted {
  readonly thing: Thing;
  readonly kind: Drift['kind'];
}

/** All that an attachment with a result is in the kernel. */
export function wantedOf(
  container: string,
  attachment: Attachment,
  inode: number
): readonly Wanted[] {
  const { network, ifName, result } = attachment;
  if (result === undefined) return [];
  const of = `${container}/${network}`;
  const link = `${container}/${ifName}`;
  const addresses = addressesIn(attachment);
  const end = `${hostEndIn(attachment)}@${bridgeOf(network)}`;
  const rule = (name: string, value: string): Wanted => ({
    kind: 'rule',
    thing: { kind: 'rule', name, of, netns: 0, value }
  });
  return [
    { kind: 'link', thing: { kind: 'link', name: link, of, netns: inode, value: '' } },
    ...addresses.map((value): Wanted => ({
      kind: 'address',
      thing: { kind: 'address', name: `${link} ${value}`, of, netns: inode, value }
    })),
    {
      kind: 'bridge',
      thing: { kind: 'bridge', name: bridgeOf(network), of: network, netns: 0, value: '' }
    },
    { kind: 'bridge', thing: { kind: 'veth', name: link, of, netns: 0, value: end } },
    rule(`masquerade ${of}`, addresses.join()),
    ...portsOf(attachment).map((port) => rule(`dnat ${of} ${port}`, String(port))),
    ...addresses.map((address) => rule(`accept ${of} ${address}`, address))
  ];
}

/** Of a thing that is the container's own also whether it is that very one, and on its bridge. */
export function isThere(kernel: Kernel, wanted: Thing): boolean {
  const found = kernel.get(wanted.kind, wanted.name);
  if (found === undefined) return false;
  if (wanted.kind === 'link') return found.netns === wanted.netns;
  if (wanted.kind !== 'veth') return true;
  const [end, bridge] = wanted.value.split('@');
  const [isEnd, isOn] = found.value.split('@');
  const standing = kernel.get('bridge', bridge!);
  return isEnd === end && (standing === undefined || standing.value === isOn);
}
