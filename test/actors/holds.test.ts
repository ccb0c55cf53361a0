import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { holdEffects, type OwnResources } from '../../src/actors/holds.ts';
import type { NamespaceHold } from '../../src/bus/requests.ts';
import type { Registry } from '../../src/actors/registry.ts';
import type { EffectContext } from '../../src/effects/effects.ts';
import { MooringError } from '../../src/model/failure.ts';

const ports = [{ hostIp: '', hostPort: 80, containerPort: 80, range: 1, protocol: 'tcp' as const }];
const context: EffectContext = {
  operation: 'op',
  askedAt: 0,
  correlation: 'c',
  repeated: false,
  signal: new AbortController().signal
};

/** What a hold is answered when its ports can't be had for that reason. */
async function answerTo(
  code: string,
  {
    repeated = false,
    namespace = null,
    ask = () => expect.fail('nothing is held')
  }: {
    readonly repeated?: boolean;
    readonly namespace?: NamespaceHold | null;
    readonly ask?: (key: unknown, command: { readonly type: string }) => unknown;
  } = {}
) {
  const own = {
    resolve: () => Promise.resolve([]),
    handledPorts: (wanted: unknown) => wanted,
    claimPorts: () => Promise.reject(new MooringError(code, 'host port 80 for web'))
  } as unknown as OwnResources;
  const effects = holdEffects(() => ({ ask }) as unknown as Registry, own);
  const request = {
    type: 'resources.hold',
    container: 'web',
    networks: [],
    publishes: true,
    ports,
    namespace
  } as const;
  return effects['resources.hold'](request, { ...context, repeated });
}

describe('a hold whose ports can not be had', () => {
  it('is refused, with nothing to give back, when another has them', async () => {
    expect((await answerTo('port.inUse')).type).toBe('resources.refused');
  });

  it.each([
    ['the store did not answer, and may have noted them', 'store.away', false],
    ['who died at it may have had them', 'port.inUse', true]
  ])('has failed, and is given back, when %s', async (_, code, repeated) => {
    expect((await answerTo(code, { repeated })).type).toBe('resources.holdFailed');
  });
});

describe('a hold whose ports can not be had while its netns is made', () => {
  const netns = { path: '/run/netns/mooring-web', device: '4', inode: '4026532000' };
  const failure = { code: 'netns.EBUSY', message: 'busy' };

  /** @param end where the namespace rests after its release */
  async function answered(end: 'absent' | 'stuck') {
    const commands: string[] = [];
    const ask = async (_: unknown, { type }: { readonly type: string }) => {
      commands.push(`${type} begins`);
      await setImmediate();
      commands.push(`${type} ends`);
      if (type === 'namespace.hold') {
        return { value: 'ready', context: { holders: ['web'], netns, failure: null } };
      }
      return { value: end, context: { holders: [], failure: end === 'stuck' ? failure : null } };
    };
    const answer = await answerTo('port.inUse', { namespace: { kind: 'own' }, ask });
    return { answer, commands };
  }

  it('is refused once the netns has been made and given back', async () => {
    const { answer, commands } = await answered('absent');

    expect(answer).toMatchObject({ type: 'resources.refused', failure: { code: 'port.inUse' } });
    expect(commands).toEqual([
      'namespace.hold begins',
      'namespace.hold ends',
      'namespace.release begins',
      'namespace.release ends'
    ]);
  });

  it('has failed when the netns can not be given back', async () => {
    const { answer } = await answered('stuck');

    expect(answer).toMatchObject({ type: 'resources.holdFailed', failure: { code: 'port.inUse' } });
  });
});
