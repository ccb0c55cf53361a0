import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import type { NetworkEvent } from '../../src/bus/events.ts';
import type { EffectRequest } from '../../src/bus/requests.ts';
import { networkMachine } from '../../src/machines/network.ts';
import { failure } from './samples.ts';

const network = 'front';
const baseline = { bridges: ['br-old'] };
const hold = (holder = 'web', bridges = ['br-front']): NetworkEvent => ({
  type: 'network.hold',
  network,
  holder,
  bridges
});
const release = (holder = 'web'): NetworkEvent => ({ type: 'network.release', network, holder });
const prepared: NetworkEvent = { type: 'network.prepared', network, baseline };
const tidied: NetworkEvent = { type: 'network.tidied', network };
const tidyFailed: NetworkEvent = { type: 'network.tidyFailed', network, failure };

function run(...events: NetworkEvent[]) {
  const requests: EffectRequest[] = [];
  const actor = createActor(networkMachine, { input: { network } });
  actor.on('*', (request) => requests.push(request));
  actor.start();
  for (const event of events) actor.send(event);
  const { value, context } = actor.getSnapshot();
  return { value, context, requests, asked: requests.map(({ type }) => type) };
}

describe('a network', () => {
  it('is looked at before the first container comes, and not again for the others', () => {
    const { value, context, asked } = run(hold('web'), prepared, hold('db'));

    expect(value).toBe('inUse');
    expect(context).toMatchObject({ holders: ['web', 'db'], baseline });
    expect(asked).toEqual(['network.prepare']);
  });

  it('is tidied when the last container goes, but for what stood there before', () => {
    const events = [hold('web'), prepared, hold('db'), release('db')];
    expect(run(...events).value).toBe('inUse');

    const { value, requests } = run(...events, release('web'));
    expect(value).toBe('tidying');
    expect(requests.at(-1)).toEqual({
      type: 'network.tidy',
      network,
      bridges: ['br-front'],
      baseline
    });
  });

  it('tidies every bridge that its conflist named while it was in use', () => {
    const { requests } = run(
      hold('web', ['br-front']),
      prepared,
      hold('db', ['br-renamed']),
      release('db'),
      release('web')
    );

    expect(requests.at(-1)).toMatchObject({ bridges: ['br-front', 'br-renamed'] });
  });

  it('keeps its baseline over a tidying that failed', () => {
    const untidy = run(hold(), prepared, release(), tidyFailed);
    expect(untidy.value).toBe('untidy');
    expect(untidy.context).toMatchObject({ baseline, failure });

    const back = run(hold(), prepared, release(), tidyFailed, hold('db'));
    expect(back.value).toBe('inUse');
    expect(back.context).toMatchObject({ baseline, failure: null });
    expect(back.asked).toEqual(['network.prepare', 'network.tidy']);
  });

  it('is tidied again on the next release', () => {
    const { value, asked } = run(hold(), prepared, release(), tidyFailed, release(), tidied);

    expect(value).toBe('absent');
    expect(asked).toEqual(['network.prepare', 'network.tidy', 'network.tidy']);
  });

  it('is looked at anew for one that comes while it is being tidied', () => {
    const { value, context, asked } = run(
      hold('web'),
      prepared,
      release('web'),
      hold('db'),
      tidied
    );

    expect(value).toBe('preparing');
    expect(context.baseline).toBeNull();
    expect(asked.at(-1)).toBe('network.prepare');
  });

  it('forgets its holders when it cannot be looked at', () => {
    const { value, context } = run(hold(), { type: 'network.prepareFailed', network, failure });

    expect(value).toBe('absent');
    expect(context).toMatchObject({ holders: [], failure });
  });

  it('does not remember one that lets go of what it never held', () => {
    const { value, context, asked } = run(release('stranger'));

    expect([value, context.holders, asked]).toEqual(['absent', [], []]);
  });
});
