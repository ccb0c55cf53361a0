import { describe, expect, it } from 'vitest';
import type { PublishedPorts } from '../../../src/effects/ports/conntrack.ts';
import { forgettingConnections } from '../../../src/effects/ports/forget.ts';
import type { EffectContext } from '../../../src/effects/effects.ts';
import type { Attachment } from '../../../src/model/container.ts';
import type { Failure } from '../../../src/model/failure.ts';
import type { JsonObject } from '../../../src/model/json.ts';

const attachment = (capabilityArgs: JsonObject): Attachment => ({
  network: 'front',
  ifName: 'eth0',
  conflist: {
    cniVersion: '1.0.0',
    name: 'front',
    plugins: []
  } as unknown as Attachment['conflist'],
  args: [],
  capabilityArgs
});

const PUBLISHED = attachment({
  portMappings: [
    { hostPort: 8080, containerPort: 80, protocol: 'tcp', hostIP: '' },
    { hostPort: 5353, containerPort: 53, protocol: 'udp', hostIP: '192.0.2.1' },
    { hostPort: 7000, containerPort: 7000, protocol: 'udp', hostIP: '', range: 20 }
  ]
});
const netns = { path: '/run/netns/web', device: '4', inode: '1' };
const context = {} as EffectContext;

function world(flushed?: Error) {
  const log: unknown[] = [];
  const failures: Failure[] = [];
  const did = <Fact>(type: string): Promise<Fact> => {
    log.push(type);
    return Promise.resolve({ type } as Fact);
  };
  const effects = forgettingConnections(
    {
      'cni.add': () => did('attachment.addFailed'),
      'cni.del': () => did('attachment.deleted'),
      'attachments.repair': () => did('attachments.repaired')
    },
    {
      flush(ports: PublishedPorts) {
        log.push(ports);
        return flushed === undefined ? Promise.resolve(0) : Promise.reject(flushed);
      },
      onFailure: (failure) => failures.push(failure)
    }
  );
  return { effects, log, failures };
}

const FLUSHED = [
  { protocol: 'udp', hostIp: '192.0.2.1', hostPort: 5353, range: 1 },
  { protocol: 'udp', hostIp: '', hostPort: 7000, range: 20 }
];

describe('effects that change where ports lead', () => {
  it('forget the UDP connections to host ports, when the rules are as they will be', async () => {
    const { effects, log } = world();

    await effects['cni.add'](
      { type: 'cni.add', container: 'web', netns, attachment: PUBLISHED },
      context
    );
    await effects['cni.del'](
      { type: 'cni.del', container: 'web', netns, attachment: PUBLISHED },
      context
    );
    await effects['attachments.repair'](
      { type: 'attachments.repair', container: 'web', attachments: [attachment({}), PUBLISHED] },
      context
    );

    expect(log).toEqual([
      'attachment.addFailed',
      ...FLUSHED,
      'attachment.deleted',
      ...FLUSHED,
      'attachments.repaired',
      ...FLUSHED
    ]);
  });

  it('answer the same when the kernel refuses to forget, which is told', async () => {
    const { effects, failures } = world(Object.assign(new Error('list: EPERM'), { code: 'EPERM' }));

    const fact = await effects['cni.del'](
      { type: 'cni.del', container: 'web', netns, attachment: PUBLISHED },
      context
    );

    expect(fact).toEqual({ type: 'attachment.deleted' });
    expect(failures).toEqual([
      { code: 'conntrack.EPERM', message: 'forgetting UDP connections of web: list: EPERM' }
    ]);
  });
});
