import type { Attachment, AttachmentPlan, Netns } from '../../model/container.ts';
import { failureOf, MooringError } from '../../model/failure.ts';
import { pinnedPlan } from '../../model/pinned.ts';
import type { Effects } from '../effects.ts';
import type { CniRunner } from './runner.ts';

export interface CniEffectsDeps {
  readonly runner: CniRunner;
  /** What stands at the path of a netns now. */
  readonly verifyNetns: (netns: Netns) => 'same' | 'gone' | 'replaced' | 'plain';
  /** Whether there is a plugin of that name. */
  readonly hasPlugin: (type: string) => boolean;
  /** Whether the host has an interface of that name. */
  readonly hasInterface: (name: string) => boolean;
}

/** Attaches and detaches a container by the plugins of a plan. */
export function cniEffects({
  runner,
  verifyNetns,
  hasPlugin,
  hasInterface
}: CniEffectsDeps): Pick<Effects, 'cni.add' | 'cni.del'> {
  return {
    async 'cni.add'({ container, netns, attachment }, { operation, signal }) {
      const { network } = attachment;
      try {
        checkNetns(netns, attachment, container);
        const target = { containerId: container, netnsPath: netns.path, operation, signal };
        const result = await runner.add(planOf(attachment), target, attachment);
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
        const target = { containerId: container, netnsPath, operation, signal };
        // By a link that is gone `bridge` finds no addresses whose masquerading it could take away.
        const isLinkGone = netnsPath === '' || !hasHostEnds(attachment);
        await runner.del(planOf(attachment), target, attachment.result);
        // The netns may have gone while the plugins ran, and the link with it.
        const suspect = repeated || isLinkGone || !isStill(netns!);
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
