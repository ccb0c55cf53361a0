import { forwarderMachine, type ForwarderContext } from '../../src/machines/forwarder.ts';
import { coversChart } from './coverage.ts';
import { container, failure, netns, port } from './samples.ts';

const forwarder = container;
const aim = { netns, addresses: ['10.90.0.5'] };

coversChart({
  machine: forwarderMachine,
  input: { forwarder },
  events: [
    { type: 'forwarder.open', forwarder, ports: [port], taken: [] },
    { type: 'forwarder.open', forwarder, ports: [{ ...port, hostPort: 9090 }], taken: [] },
    { type: 'forwarder.aim', forwarder, aim },
    { type: 'forwarder.close', forwarder },
    { type: 'forwarder.lost', forwarder, failure },
    { type: 'forwarder.rebooted', forwarder },
    { type: 'forwarder.opened', forwarder, ports: [port] },
    { type: 'forwarder.openFailed', forwarder, failure },
    { type: 'forwarder.aimed', forwarder },
    { type: 'forwarder.aimFailed', forwarder, failure },
    { type: 'forwarder.closed', forwarder },
    { type: 'forwarder.closeFailed', forwarder, failure },
    { type: 'timer.fired', container, timer: 'backoff' }
  ],
  essence: ({ attempts, next, asked }: ForwarderContext) => ({
    attempts,
    next: next !== null,
    asked: asked[0]?.hostPort
  })
});
