import { describe, expect, it } from 'vitest';
import { containerMachine } from '../../src/machines/container.ts';
import type { ContainerContext } from '../../src/machines/container-context.ts';
import { structureOf } from '../../src/machines/structure.ts';
import { carriesPorts } from '../../src/model/attachment.ts';
import { coversChart } from './coverage.ts';
import {
  container,
  failure,
  files,
  linkGone,
  netns,
  plansOf,
  port,
  result,
  ruleGone,
  slirp,
  specOf
} from './samples.ts';

const network = 'front';
const back = 'back';

coversChart({
  machine: containerMachine,
  input: { container },
  events: [
    { type: 'container.up', container, spec: specOf([network]) },
    { type: 'container.up', container, spec: specOf([network, back], [port]) },
    { type: 'container.up', container, spec: { ...specOf([]), namespace: { kind: 'host' } } },
    {
      type: 'container.up',
      container,
      spec: { ...specOf([]), namespace: { kind: 'path', path: '/run/netns/x' } }
    },
    { type: 'container.up', container, spec: { ...specOf([]), uplink: slirp } },
    { type: 'container.define', container, spec: specOf([network]) },
    { type: 'container.start', container },
    { type: 'container.down', container },
    { type: 'container.down', container, forget: true },
    { type: 'container.retry', container },
    { type: 'container.reload', container },
    { type: 'container.reload', container, full: true },
    { type: 'container.repair', container },
    { type: 'container.refresh', container },
    { type: 'container.connect', container, attachment: { network: back, ifName: '' } },
    { type: 'container.disconnect', container, network },
    { type: 'container.rebooted', container },
    { type: 'resources.held', container, attachments: plansOf([network]), ports: [], netns },
    {
      type: 'resources.held',
      container,
      attachments: plansOf([network, back]),
      ports: [port],
      netns
    },
    { type: 'resources.held', container, attachments: [], ports: [], netns },
    { type: 'resources.held', container, attachments: [], ports: [], netns: null },
    { type: 'resources.held', container, attachments: plansOf([back]), ports: null, netns: null },
    {
      type: 'resources.held',
      container,
      attachments: plansOf([network]),
      ports: [],
      netns,
      rootless: true
    },
    { type: 'outside.held', container, uplink: null, hostAddress: '' },
    { type: 'outside.holdFailed', container, failure },
    { type: 'outside.released', container },
    { type: 'outside.releaseFailed', container, failure },
    { type: 'resources.refused', container, failure },
    { type: 'resources.holdFailed', container, failure },
    { type: 'resources.released', container },
    { type: 'resources.releaseFailed', container, failures: [failure], netnsGone: false },
    { type: 'resources.releaseFailed', container, failures: [failure], netnsGone: true },
    { type: 'attachment.added', container, network, result },
    { type: 'attachment.addFailed', container, network, failure },
    { type: 'attachment.deleted', container, network },
    { type: 'attachment.deleted', container, network, suspect: true },
    { type: 'attachment.delFailed', container, network, failure },
    { type: 'attachments.examined', container, drifts: [], complete: true },
    { type: 'attachments.examined', container, drifts: [ruleGone], complete: true },
    { type: 'attachments.examined', container, drifts: [linkGone], complete: false },
    { type: 'attachments.examineFailed', container, failure },
    { type: 'attachments.repaired', container },
    { type: 'attachments.repairFailed', container, failure },
    { type: 'files.written', container, files },
    { type: 'files.writeFailed', container, failure },
    { type: 'firewall.swept', container },
    { type: 'firewall.sweepFailed', container, failure },
    { type: 'timer.fired', container, timer: 'backoff' }
  ],
  isPossible: ({ joining, candidate }: ContainerContext, event) => {
    if (event.type !== 'resources.held') return true;
    const asked = joining ? [joining] : (candidate?.networks ?? []);
    const names = event.attachments.map((plan) => plan.network);
    return JSON.stringify(names) === JSON.stringify(asked.map((one) => one.network));
  },
  essence: (context: ContainerContext) => ({
    mode: context.spec?.namespace?.kind ?? context.candidate?.namespace?.kind,
    uplink: (context.spec ?? context.candidate)?.uplink !== undefined,
    rootless: context.rootless,
    reached: context.reached,
    members: context.spec?.networks.length,
    wanted: context.candidate?.networks.length,
    kept: context.kept,
    next: context.next !== null,
    unwanted: context.unwanted,
    plans: context.plans.length,
    attachments: context.attachments.map((one) => [one.network, one.result !== undefined]),
    carries: context.attachments.map(carriesPorts),
    ports: context.ports.length,
    netns: context.netns !== null,
    turns: context.turns.length,
    again: context.again.length,
    refusals: context.refusals,
    suspect: context.suspect,
    thoroughness: context.thoroughness,
    drifts: context.drifts.length,
    complete: context.complete,
    failure: context.failure !== null,
    trouble: context.trouble !== null,
    outage: context.outage !== null,
    leftovers: context.leftovers.length > 0
  })
});

describe('a container at work', () => {
  const { states } = structureOf(containerMachine);
  const isAround = (outer: readonly string[], inner: readonly string[]) =>
    outer.every((key, index) => inner[index] === key);
  const busy = states.filter(
    ({ type, path, always }) =>
      type === 'atomic' &&
      always.length === 0 &&
      states.some((outer) => isAround(outer.path, path) && outer.tags.includes('busy'))
  );

  it.each(busy.map(({ path }) => [path.join('.'), path] as const))(
    'is busy in %s and answers a down there',
    (_, path) => {
      const answering = states.filter(
        (outer) =>
          isAround(outer.path, path) && outer.on.some((on) => on.event === 'container.down')
      );

      expect(answering.length).toBeGreaterThan(0);
    }
  );

  it('is busy wherever it waits for an answer, and nowhere else', () => {
    const waiting = states.filter(({ entry }) => entry.some(({ asks }) => asks));

    expect(busy.map(({ id }) => id)).toEqual(waiting.map(({ id }) => id));
  });
});
