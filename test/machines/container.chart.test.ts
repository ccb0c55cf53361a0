import { describe, expect, it } from 'vitest';
import { containerMachine } from '../../src/machines/container.ts';
import type { ContainerContext } from '../../src/machines/container-setup.ts';
import { structureOf } from '../../src/machines/structure.ts';
import { coversChart } from './coverage.ts';
import { container, failure, netns, plansOf, port, result, specOf } from './samples.ts';

const network = 'front';

coversChart({
  machine: containerMachine,
  input: { container },
  events: [
    { type: 'container.up', container, spec: specOf([network]) },
    { type: 'container.up', container, spec: specOf([network], [port]) },
    { type: 'container.down', container },
    { type: 'container.retry', container },
    { type: 'networks.resolved', container, attachments: plansOf([network]) },
    { type: 'networks.resolved', container, attachments: [] },
    { type: 'networks.resolveFailed', container, failure },
    { type: 'ports.claimed', container, ports: [port] },
    { type: 'ports.claimFailed', container, failure },
    { type: 'ports.released', container },
    { type: 'ports.releaseFailed', container, failure },
    { type: 'networks.held', container },
    { type: 'networks.holdFailed', container, failure },
    { type: 'networks.released', container },
    { type: 'networks.releaseFailed', container, failure },
    { type: 'namespace.held', container, netns },
    { type: 'namespace.holdFailed', container, failure },
    { type: 'namespace.released', container },
    { type: 'namespace.releaseFailed', container, failure },
    { type: 'loopback.raised', container },
    { type: 'loopback.raiseFailed', container, failure },
    { type: 'attachment.added', container, network, result },
    { type: 'attachment.addFailed', container, network, failure },
    { type: 'attachment.deleted', container, network },
    { type: 'attachment.deleted', container, network, suspect: true },
    { type: 'attachment.delFailed', container, network, failure },
    { type: 'firewall.swept', container },
    { type: 'firewall.sweepFailed', container, failure },
    { type: 'timer.fired', container, timer: 'backoff' }
  ],
  essence: (context: ContainerContext) => ({
    publishes: (context.candidate?.ports.length ?? 0) > 0,
    next: context.next !== null,
    unwanted: context.unwanted,
    plans: context.plans.length,
    attachments: context.attachments.length,
    holds: context.holds,
    depth: context.depth,
    refusals: context.refusals,
    suspect: context.suspect,
    failure: context.failure !== null,
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
