import { namespaceMachine, type NamespaceContext } from '../../src/machines/namespace.ts';
import { coversChart } from './coverage.ts';
import { failure, interrupted, netns } from './samples.ts';

const namespace = 'web';

coversChart({
  machine: namespaceMachine,
  input: { namespace },
  events: [
    { type: 'namespace.hold', namespace, holder: 'web' },
    { type: 'namespace.hold', namespace, holder: 'helper' },
    {
      type: 'namespace.hold',
      namespace,
      holder: 'web',
      origin: { pid: 7, startTime: '1' }
    },
    { type: 'namespace.join', namespace, holder: 'helper' },
    { type: 'namespace.rebooted', namespace },
    { type: 'namespace.release', namespace, holder: 'web' },
    { type: 'namespace.release', namespace, holder: 'helper' },
    { type: 'netns.created', namespace, netns },
    { type: 'netns.createFailed', namespace, failure },
    { type: 'netns.createFailed', namespace, failure: interrupted },
    { type: 'netns.verified', namespace },
    { type: 'netns.verifyFailed', namespace, failure },
    { type: 'netns.removed', namespace },
    { type: 'netns.removeFailed', namespace, failure }
  ],
  essence: ({ holders, netns: known, failure: last }: NamespaceContext) => [
    holders,
    known !== null,
    last?.code
  ]
});
