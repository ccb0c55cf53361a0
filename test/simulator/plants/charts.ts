import { assign, emit } from 'xstate';
import type { RequestOf } from '../../../src/bus/requests.ts';
import type { ContainerContext } from '../../../src/machines/container-context.ts';
import { addAgain } from '../../../src/machines/container-requests.ts';
import type { CniResult } from '../../../src/model/cni-result.ts';
import { stateIn } from '../../replay/changed.ts';
import { chart, list, on, remembering, type Plant } from './plant.ts';

/** What a chart does wrong. */
export const IN_CHARTS: readonly Plant[] = [
  {
    issue: 'containerd#5768',
    seed: 40,
    what: 'a network whose ADD failed is never deleted, and its address is lost',
    plants: chart(
      'container',
      (config) => {
        const failed = on(config, 'configuring.adding', 'attachment.addFailed');
        failed['actions'] = ['forgetNewest', failed['actions']];
      },
      {
        forgetNewest: remembering(({ attachments }) => ({ attachments: attachments.slice(0, -1) }))
      }
    )
  },
  {
    issue: 'containerd#12130',
    seed: 1467,
    what: 'a DEL that was refused for good is forgotten with what it should have taken away',
    plants: chart('container', (config) => {
      const candidates = list(config, 'tearingDown.detaching.deleting', 'attachment.delFailed');
      candidates[1]!['actions'] = ['noteRefusal', { type: 'dropCurrent', params: () => false }];
    })
  },
  {
    issue: 'podman#3759',
    seed: 69,
    what: 'addresses are not given back after a reboot',
    plants: chart(
      'container',
      (config) => {
        for (const state of ['up', 'degraded', 'stuck']) {
          const rebooted = on(config, state, 'container.rebooted');
          rebooted['actions'] = [rebooted['actions'], 'forgetAttachments'];
        }
      },
      { forgetAttachments: remembering(() => ({ attachments: [] })) }
    )
  },
  {
    issue: 'podman#163',
    seed: 1467,
    what: 'a teardown stops at its first error and keeps the netns',
    plants: chart('container', (config) => {
      const candidates = list(config, 'tearingDown.detaching.deleting', 'attachment.delFailed');
      candidates[1]!['target'] = '#container.stuck';
    })
  },
  {
    issue: 'podman#10930',
    seed: 734,
    what: 'what is being taken down is taken for complete by who comes meanwhile',
    plants: chart('network', (config) => {
      stateIn(config, 'tidying').on!['network.hold'] = {
        target: 'inUse',
        actions: { type: 'keepHolder', params: ({ event }: { event: unknown }) => event }
      };
    })
  },
  {
    issue: 'docker/for-linux#1299',
    seed: 112,
    what: 'who shares the netns of another loses it when that other ends',
    plants: chart('namespace', () => undefined, {}, { isLast: () => true })
  },
  {
    issue: 'podman#10654',
    seed: 1518,
    what: 'a connect that failed is recorded as done',
    plants: chart('container', (config) => {
      const failed = on(config, 'connecting.adding', 'attachment.addFailed');
      failed['target'] = 'writing';
      failed['actions'] = ['enlistJoining'];
    })
  },
  {
    issue: 'podman#10745',
    seed: 33,
    what: 'results are kept by place and not by network',
    plants: chart('container', () => undefined, {
      keepResultAgain: assign(({ context }: { context: ContainerContext }, result: CniResult) => ({
        attachments: context.attachments.map((attachment, index) =>
          index === context.again.length - 1
            ? { ...attachment, result }
            : { ...attachment, ...context.again.find((one) => one.network === attachment.network) }
        ),
        again: context.again.slice(1)
      }))
    })
  },
  {
    issue: 'podman#10310',
    seed: 44,
    what: 'after a restart of its network a container’s ports are no longer published',
    plants: chart('container', () => undefined, {
      addAgain: emit(({ context }: { context: ContainerContext }) => {
        const request = addAgain(context) as RequestOf<'cni.add'>;
        return { ...request, attachment: { ...request.attachment, capabilityArgs: {} } };
      })
    })
  }
];
