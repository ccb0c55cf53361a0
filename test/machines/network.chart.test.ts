import { networkMachine, type NetworkContext } from '../../src/machines/network.ts';
import { coversChart } from './coverage.ts';
import { failure } from './samples.ts';

const network = 'front';

coversChart({
  machine: networkMachine,
  input: { network },
  events: [
    { type: 'network.hold', network, holder: 'web', bridges: ['br-front'] },
    { type: 'network.hold', network, holder: 'db', bridges: ['br-front'] },
    { type: 'network.rebooted', network },
    { type: 'network.created', network, driver: 'bridge' },
    { type: 'network.removed', network, driver: 'bridge' },
    { type: 'network.release', network, holder: 'web' },
    { type: 'network.release', network, holder: 'db' },
    { type: 'network.prepared', network, baseline: { bridges: [] } },
    { type: 'network.prepareFailed', network, failure },
    { type: 'network.tidied', network },
    { type: 'network.tidyFailed', network, failure }
  ],
  essence: ({ holders, baseline, failure: last }: NetworkContext) => [
    holders,
    baseline !== null,
    last !== null
  ]
});
