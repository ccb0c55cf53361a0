import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import type { NamespaceEvent } from '../../src/bus/events.ts';
import type { EffectRequest } from '../../src/bus/requests.ts';
import { namespaceMachine } from '../../src/machines/namespace.ts';
import { failure, interrupted, netns } from './samples.ts';

const namespace = 'web';
const hold = (holder = 'web'): NamespaceEvent => ({ type: 'namespace.hold', namespace, holder });
const release = (holder = 'web'): NamespaceEvent => ({
  type: 'namespace.release',
  namespace,
  holder
});
const created: NamespaceEvent = { type: 'netns.created', namespace, netns };
const verified: NamespaceEvent = { type: 'netns.verified', namespace };
const removed: NamespaceEvent = { type: 'netns.removed', namespace };

function run(...events: NamespaceEvent[]) {
  const requests: EffectRequest[] = [];
  const actor = createActor(namespaceMachine, { input: { namespace } });
  actor.on('*', (request) => requests.push(request));
  actor.start();
  for (const event of events) actor.send(event);
  const { value, context } = actor.getSnapshot();
  return { value, context, requests, asked: requests.map(({ type }) => type) };
}

describe('a namespace', () => {
  it('is made for the first holder, and made sure of for the others', () => {
    const { value, context, asked } = run(hold('web'), created, hold('helper'), verified);

    expect(value).toBe('ready');
    expect(context.holders).toEqual(['web', 'helper']);
    expect(asked).toEqual(['netns.create', 'netns.verify']);
  });

  it('is kept while somebody holds it, and removed by the last', () => {
    const events = [hold('web'), created, hold('helper'), verified, release('web')];
    expect(run(...events).value).toBe('ready');

    const { value, requests } = run(...events, release('helper'));
    expect(value).toBe('removing');
    expect(requests.at(-1)).toEqual({ type: 'netns.remove', namespace, netns });
  });

  it('is made anew for one that comes while it is being removed', () => {
    const { value, context, asked } = run(hold(), created, release(), hold('helper'), removed);

    expect(value).toBe('creating');
    expect(context).toMatchObject({ holders: ['helper'], netns: null });
    expect(asked).toEqual(['netns.create', 'netns.remove', 'netns.create']);
  });

  it('is removed at once when its holder left while it was being made', () => {
    expect(run(hold(), release(), created).value).toBe('removing');
  });

  it('is absent, with the reason, when it could not be made', () => {
    const { value, context } = run(hold(), { type: 'netns.createFailed', namespace, failure });

    expect(value).toBe('absent');
    expect(context).toMatchObject({ holders: [], failure });
  });

  it('undoes an interrupted creation, of which nobody knows how far it came', () => {
    const { value, requests } = run(hold(), {
      type: 'netns.createFailed',
      namespace,
      failure: interrupted
    });

    expect(value).toBe('undoing');
    expect(requests.at(-1)).toEqual({ type: 'netns.remove', namespace, netns: null });
  });

  it('refuses a new holder when what stands there is another, and stays with the old ones', () => {
    const { value, context } = run(hold('web'), created, hold('helper'), {
      type: 'netns.verifyFailed',
      namespace,
      failure
    });

    expect(value).toBe('ready');
    expect(context).toMatchObject({ holders: ['web'], failure });
  });

  it('is stuck when it cannot be removed, and tries again on the next word', () => {
    const events = [hold(), created, release()];
    const stuck = run(...events, { type: 'netns.removeFailed', namespace, failure });
    expect(stuck.value).toBe('stuck');
    expect(stuck.context).toMatchObject({ netns, failure });

    const again = run(...events, { type: 'netns.removeFailed', namespace, failure }, release());
    expect(again.value).toBe('removing');
  });

  it('does not remember one that lets go of what it never held', () => {
    const { value, context, asked } = run(release('stranger'));

    expect([value, context.holders, asked]).toEqual(['absent', [], []]);
  });
});
