import { describe, expect, it } from 'vitest';
import { holdEffects, type OwnResources } from '../../src/actors/holds.ts';
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
async function answerTo(code: string, repeated = false): Promise<string> {
  const own = {
    resolve: () => Promise.resolve([]),
    handledPorts: (wanted: unknown) => wanted,
    claimPorts: () => Promise.reject(new MooringError(code, 'host port 80 for web'))
  } as unknown as OwnResources;
  const effects = holdEffects(() => expect.fail('nothing is held'), own);
  const request = {
    type: 'resources.hold',
    container: 'web',
    networks: [],
    publishes: true,
    ports,
    namespace: null
  } as const;
  return (await effects['resources.hold'](request, { ...context, repeated })).type;
}

describe('a hold whose ports can not be had', () => {
  it('is refused, with nothing to give back, when another has them', async () => {
    expect(await answerTo('port.inUse')).toBe('resources.refused');
  });

  it.each([
    ['the store did not answer, and may have noted them', 'store.away', false],
    ['who died at it may have had them', 'port.inUse', true]
  ])('has failed, and is given back, when %s', async (_, code, repeated) => {
    expect(await answerTo(code, repeated)).toBe('resources.holdFailed');
  });
});
