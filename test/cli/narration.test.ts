import { expect, it } from 'vitest';
import { narrator } from '../../src/cli/narration.ts';
import type { AttachmentPlan } from '../../src/model/container.ts';

const plan = (network: string): AttachmentPlan => ({ network }) as AttachmentPlan;
const result = { cniVersion: '1.1.0' };
const container = 'web';

it('names the network that is attached or detached next', () => {
  const narrate = narrator();

  const lines = [
    narrate({ type: 'container.start', container }),
    narrate({
      type: 'resources.held',
      container,
      attachments: [plan('a'), plan('b')],
      ports: [],
      netns: null
    }),
    narrate({ type: 'attachment.added', container, network: 'a', result }),
    narrate({ type: 'attachment.added', container, network: 'b', result }),
    narrate({ type: 'container.down', container }),
    narrate({ type: 'attachment.deleted', container, network: 'b' }),
    narrate({ type: 'attachment.deleted', container, network: 'a' })
  ];

  expect(lines).toEqual([
    'web: preparing ports, networks and namespace',
    'web: attaching a',
    'web: attaching b',
    'web: finishing',
    'web: detaching b',
    'web: detaching a',
    'web: releasing what it held'
  ]);
});

it('names what is connected, disconnected and looked at', () => {
  const narrate = narrator();
  const attachment = { network: 'b', ifName: '' };

  const lines = [
    narrate({ type: 'container.connect', container, attachment }),
    narrate({
      type: 'resources.held',
      container,
      attachments: [plan('b')],
      ports: null,
      netns: null
    }),
    narrate({ type: 'attachment.added', container, network: 'b', result }),
    narrate({ type: 'container.disconnect', container, network: 'a' }),
    narrate({ type: 'container.reload', container })
  ];

  expect(lines).toEqual([
    'web: preparing b',
    'web: attaching b',
    'web: finishing',
    'web: detaching a',
    'web: looking at what is there'
  ]);
});

it('says nothing of namespaces and networks, which containers wait for by themselves', () => {
  const narrate = narrator();

  expect(narrate({ type: 'netns.removed', namespace: 'ns' })).toBeUndefined();
  expect(narrate({ type: 'network.tidied', network: 'a' })).toBeUndefined();
});
