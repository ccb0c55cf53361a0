import type { Attachment, Netns } from '../model/container.ts';
import type { Drift } from '../model/drift.ts';
import { failureOf, MooringError } from '../model/failure.ts';
import type { CniRunner } from './cni/runner.ts';
import type { EffectContext, Effects } from './effects.ts';

export interface AttachmentDeps {
  readonly runner: Pick<CniRunner, 'check'>;
  readonly verifyNetns: (netns: Netns) => 'same' | 'gone' | 'replaced' | 'plain';
}

/** What the plugins themselves say of what they made, by CHECK. */
export function checkEffects({
  runner,
  verifyNetns
}: AttachmentDeps): Pick<Effects, 'attachments.examine' | 'attachments.repair'> {
  return {
    async 'attachments.examine'({ container, netns, attachments }, context) {
      try {
        if (verifyNetns(netns) !== 'same') {
          const text = `the network namespace ${netns.path} is gone`;
          const drift: Drift = { network: null, kind: 'netns', object: netns.path, text };
          return { type: 'attachments.examined', container, drifts: [drift], complete: true };
        }
        const drifts: Drift[] = [];
        for (const attachment of attachments) {
          drifts.push(...(await driftsOf(container, netns, attachment, context)));
        }
        return { type: 'attachments.examined', container, drifts, complete: false };
      } catch (error) {
        const failure = failureOf(error, 'attachments', `examining ${container}`);
        return { type: 'attachments.examineFailed', container, failure };
      }
    },
    'attachments.repair': ({ container }) =>
      Promise.resolve({
        type: 'attachments.repairFailed',
        container,
        failure: {
          code: 'attachments.unknown',
          message: `${container}: CHECK does not tell what is to be repaired`
        }
      })
  };

  async function driftsOf(
    container: string,
    netns: Netns,
    attachment: Attachment,
    { operation, signal }: EffectContext
  ): Promise<readonly Drift[]> {
    const { network, ifName, result } = attachment;
    try {
      const target = { containerId: container, netnsPath: netns.path, operation, signal };
      await runner.check(attachment, target, result);
      return [];
    } catch (error) {
      if (!(error instanceof MooringError) || error.code === 'cni.checkUnsupported') return [];
      return [{ network, kind: 'link', object: ifName, text: error.message }];
    }
  }
}
