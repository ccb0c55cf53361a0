import type { Attachment, Netns } from '../../model/container.ts';
import { failureOf, MooringError } from '../../model/failure.ts';
import type { Effects } from '../effects.ts';
import type { CniRunner } from './runner.ts';

/** What stands at the path of a netns. */
export type NetnsAtPath =
  | { readonly kind: 'nsfs'; readonly device: string; readonly inode: string }
  /** Something else: a creation was interrupted before the bind mount. */
  | { readonly kind: 'file' }
  | { readonly kind: 'gone' };

export interface CniEffectsDeps {
  readonly runner: CniRunner;
  readonly inspectNetns: (path: string) => Promise<NetnsAtPath>;
}

/** Attaches and detaches a container by the plugins of a plan. */
export function cniEffects({
  runner,
  inspectNetns
}: CniEffectsDeps): Pick<Effects, 'cni.add' | 'cni.del'> {
  return {
    async 'cni.add'({ container, netns, attachment }, { operation, signal }) {
      const { network } = attachment;
      try {
        await checkNetns(netns, attachment, container);
        const target = { containerId: container, netnsPath: netns.path, operation, signal };
        const result = await runner.add(attachment, target);
        return { type: 'attachment.added', container, network, result };
      } catch (error) {
        const failure = failureOf(error, 'cni');
        return { type: 'attachment.addFailed', container, network, failure };
      }
    },

    async 'cni.del'({ container, netns, attachment }, { operation, signal, repeated }) {
      const { network } = attachment;
      try {
        const netnsPath = netns && (await isStill(netns)) ? netns.path : '';
        const target = { containerId: container, netnsPath, operation, signal };
        await runner.del(attachment, target, attachment.result);
        const suspect = repeated || netnsPath === '';
        return { type: 'attachment.deleted', container, network, ...(suspect && { suspect }) };
      } catch (error) {
        const failure = failureOf(error, 'cni');
        return { type: 'attachment.delFailed', container, network, failure };
      }
    }
  };

  async function checkNetns(netns: Netns, { network }: Attachment, container: string) {
    if (await isStill(netns)) return;
    throw new MooringError(
      'netns.replaced',
      `${network} for ${container}: ${netns.path} is not the netns that was made for it any more`
    );
  }

  // `bridge` fails for good on a plain file, and must never be led into another's netns.
  async function isStill({ path, device, inode }: Netns): Promise<boolean> {
    const found = await inspectNetns(path);
    return found.kind === 'nsfs' && found.device === device && found.inode === inode;
  }
}
