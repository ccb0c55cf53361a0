import { uplinkMachine } from '../../src/machines/uplink.ts';
import type { UplinkContext } from '../../src/machines/uplink-context.ts';
import { coversChart } from './coverage.ts';
import { container, failure, netns, port, slirp } from './samples.ts';

const uplink = container;
const plan = { spec: slirp, netns };
const other = { spec: slirp, netns: { ...netns, inode: '7' } };
const process = { pid: 7, startTime: '100' };

coversChart({
  machine: uplinkMachine,
  input: { uplink },
  events: [
    { type: 'uplink.hold', uplink, plan, holder: container, forwards: [] },
    { type: 'uplink.hold', uplink, plan, holder: container, forwards: [port], again: true },
    { type: 'uplink.hold', uplink, plan: other, holder: container, forwards: [] },
    { type: 'uplink.forward', uplink, holder: 'other', forwards: [port] },
    { type: 'uplink.forward', uplink, holder: 'other', forwards: [] },
    { type: 'uplink.release', uplink },
    { type: 'uplink.lost', uplink, process, failure, ranMs: 20_000 },
    { type: 'uplink.lost', uplink, process, failure, ranMs: 10 },
    { type: 'uplink.lost', uplink, process: { ...process, startTime: '99' }, failure, ranMs: 10 },
    { type: 'uplink.rebooted', uplink },
    { type: 'uplink.started', uplink, process },
    { type: 'uplink.startFailed', uplink, failure },
    { type: 'uplink.settled', uplink },
    { type: 'uplink.settleFailed', uplink, failure },
    { type: 'uplink.unwell', uplink, failure },
    { type: 'uplink.stopped', uplink },
    { type: 'uplink.stopFailed', uplink, failure },
    { type: 'timer.fired', container, timer: 'backoff' }
  ],
  essence: ({ attempts, process: running, plan: held, changed }: UplinkContext) => ({
    attempts,
    running: running !== null,
    netns: held?.netns.inode,
    changed: changed?.holder
  })
});
