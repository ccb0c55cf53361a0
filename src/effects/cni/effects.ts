import type { Attachment, AttachmentPlan, Netns } from '../../model/container.ts';
import { addressKey } from '../../model/cidr.ts';
import { failureOf, MooringError } from '../../model/failure.ts';
import { pinnedPlan } from '../../model/pinned.ts';
import type { ObservedNetwork } from '../../syscalls/observe.ts';
import { ownIps } from '../attachments/inside.ts';
import { restoreLeases } from '../attachments/leases.ts';
import type { Effects } from '../effects.ts';
import type { CniRunner } from './runner.ts';
import { removeTuningBackups } from './tuning-backup.ts';

export interface CniEffectsDeps {
  readonly runner: CniRunner;
  /** What stands at the path of a netns now. */
  readonly verifyNetns: (netns: Netns) => 'same' | 'gone' | 'replaced' | 'plain';
  /** Whether there is a plugin of that name. */
  readonly hasPlugin: (type: string) => boolean;
  /** Whether the host has an interface of that name. */
  readonly hasInterface: (name: string) => boolean;
  /** Whether the host masquerades what an attachment sends; `undefined` when it can't be told. */
  readonly isMasqueraded: (network: string, container: string) => boolean | undefined;
  /** What the kernel holds in a netns. */
  readonly observe: (path: string, expected: Netns) => Promise<ObservedNetwork>;
}

/** Attaches and detaches a container by the plugins of a plan. */
export function cniEffects({
  runner,
  verifyNetns,
  hasPlugin,
  hasInterface,
  isMasqueraded,
  observe
}: CniEffectsDeps): Pick<Effects, 'cni.add' | 'cni.del'> {
  return {
    async 'cni.add'({ container, netns, attachment }, { operation, signal }) {
      const { network } = attachment;
      try {
        const before = (): void => checkNetns(netns, attachment, container);
        const target = { containerId: container, netnsPath: netns.path, operation, signal, before };
        const result = await runner.add(planOf(attachment), target, attachment);
        // No plugin leases what is kept. Who has got it meanwhile is for a look to tell.
        if (attachment.pinned) restoreLeases([attachment], container);
        return { type: 'attachment.added', container, network, result };
      } catch (error) {
        const failure = failureOf(error, 'cni');
        return { type: 'attachment.addFailed', container, network, failure };
      }
    },

    async 'cni.del'({ container, netns, attachment }, { operation, signal, repeated }) {
      const { network } = attachment;
      try {
        const netnsPath = netns && isStill(netns) ? netns.path : '';
        const masquerades = attachment.conflist.plugins.some(({ ipMasq }) => ipMasq === true);
        let isLacking = true;
        const before = async (): Promise<void> => {
          const isLinkGone = netnsPath === '' || !hasHostEnds(attachment);
          // Where the kernel tells afterwards what is left of it, nothing has to be known before.
          const isUntold = masquerades && isMasqueraded(network, container) === undefined;
          isLacking = isLinkGone || (isUntold && (await lacksAddresses(netns!, attachment)));
        };
        const target = { containerId: container, netnsPath, operation, signal, before };
        await runner.del(planOf(attachment), target, attachment.result);
        removeTuningBackups(attachment, container);
        // The netns may have gone while the plugins ran, and the link with it.
        const isLeft = masquerades && isMasqueraded(network, container) === true;
        const suspect = repeated || isLacking || isLeft || !isStill(netns!);
        return { type: 'attachment.deleted', container, network, ...(suspect && { suspect }) };
      } catch (error) {
        const failure = failureOf(error, 'cni');
        return { type: 'attachment.delFailed', container, network, failure };
      }
    }
  };

  function planOf(attachment: Attachment): AttachmentPlan {
    return attachment.pinned ? pinnedPlan(attachment, hasPlugin('static')) : attachment;
  }

  /** Whether the host's ends of what ADD made are there. */
  function hasHostEnds({ result }: Attachment): boolean {
    const ends = (result?.interfaces ?? []).filter(({ sandbox }) => !sandbox);
    return ends.every(({ name }) => hasInterface(name));
  }

  /**
   * Whether the link lacks what `bridge` and `ptp` look for there: of an address that they don't find,
   * they leave the masquerading.
   */
  async function lacksAddresses(netns: Netns, attachment: Attachment): Promise<boolean> {
    // An ADD that was not seen to end: which addresses to look for is not known.
    if (attachment.result === undefined) return true;
    try {
      const { addresses } = await observe(netns.path, netns);
      const found = new Set(addresses.map(({ address }) => addressKey(address)));
      return !ownIps(attachment).every(({ address }) => found.has(addressKey(address)));
    } catch {
      // What can't be looked at may lack anything.
      return true;
    }
  }

  function checkNetns(netns: Netns, { network }: Attachment, container: string): void {
    if (isStill(netns)) return;
    throw new MooringError(
      'netns.replaced',
      `${network} for ${container}: ${netns.path} is not the netns that was made for it any more`
    );
  }

  // `bridge` fails for good on a plain file, and must never be led into another's netns.
  function isStill(netns: Netns): boolean {
    return verifyNetns(netns) === 'same';
  }
}
