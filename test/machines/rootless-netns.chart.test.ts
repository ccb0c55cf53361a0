import {
  rootlessNetnsMachine,
  type RootlessNetnsContext
} from '../../src/machines/rootless-netns.ts';
import { coversChart } from './coverage.ts';
import { failure } from './samples.ts';

const rootlessNetns = 'shared';

coversChart({
  machine: rootlessNetnsMachine,
  input: { rootlessNetns },
  events: [
    { type: 'rootlessNetns.hold', rootlessNetns, holder: 'front' },
    { type: 'rootlessNetns.hold', rootlessNetns, holder: 'back' },
    { type: 'rootlessNetns.release', rootlessNetns, holder: 'front' },
    { type: 'rootlessNetns.release', rootlessNetns, holder: 'back' },
    { type: 'rootlessNetns.rebooted', rootlessNetns },
    { type: 'rootlessNetns.built', rootlessNetns },
    { type: 'rootlessNetns.buildFailed', rootlessNetns, failure },
    { type: 'rootlessNetns.removed', rootlessNetns },
    { type: 'rootlessNetns.removeFailed', rootlessNetns, failure }
  ],
  essence: ({ holders }: RootlessNetnsContext) => ({ holders })
});
