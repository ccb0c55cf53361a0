import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { networkResolver } from '../../../src/effects/cni/resolve.ts';
import type { AttachmentSpec } from '../../../src/model/container.ts';
import { MooringError } from '../../../src/model/failure.ts';

let confDir: string;

beforeEach(() => {
  confDir = mkdtempSync(join(tmpdir(), 'mooring-net.d-'));
  const ipam = {
    type: 'host-local',
    ranges: [[{ subnet: '10.88.0.0/16' }], [{ subnet: 'fd00:88::/64' }]]
  };
  put({ name: 'back', plugins: [{ type: 'bridge', ipam, capabilities: { mac: true } }] });
  put({
    name: 'front',
    plugins: [
      { type: 'bridge', ipam },
      { type: 'portmap', capabilities: { portMappings: true } }
    ]
  });
});
afterEach(() => rmSync(confDir, { recursive: true, force: true }));

const put = (conflist: { name: string; plugins: object[] }) =>
  writeFileSync(
    join(confDir, `${conflist.name}.conflist`),
    JSON.stringify({ cniVersion: '1.0.0', ...conflist })
  );

function resolve(networks: AttachmentSpec[], publishes = false, refused?: MooringError) {
  const validate = async () => {
    if (refused) throw refused;
  };
  const context = {
    operation: 'op',
    askedAt: 0,
    correlation: 'c',
    repeated: false,
    signal: new AbortController().signal
  };
  return networkResolver({ confDir, plugins: { validate } })(
    { container: 'web', networks, publishes },
    context
  );
}
const spec = (network: string, changes: Partial<AttachmentSpec> = {}): AttachmentSpec => ({
  network,
  ifName: 'eth0',
  ...changes
});
const refusal = (code: string, message: string) => ({
  code,
  message: expect.stringContaining(message) as string
});

describe('resolving networks', () => {
  it('fixes all that ADD and DEL will be given, in order', async () => {
    const plans = await resolve([spec('front'), spec('back', { ifName: 'eth1' })], true);

    expect(plans).toMatchObject([
      {
        network: 'front',
        ifName: 'eth0',
        args: [
          ['IgnoreUnknown', '1'],
          ['K8S_POD_NAME', 'web']
        ],
        capabilityArgs: {},
        conflist: { name: 'front', plugins: [{ type: 'bridge' }, { type: 'portmap' }] }
      },
      { network: 'back', ifName: 'eth1' }
    ]);
  });

  it('asks for one address and the MAC by CNI_ARGS, and by the capabilities that are declared', async () => {
    const asked = { ips: ['10.88.0.5'], mac: 'aa:bb:cc:dd:ee:01', aliases: ['db'] };
    const plans = await resolve([spec('front', asked), spec('back', asked)]);

    const args = [
      ['IgnoreUnknown', '1'],
      ['K8S_POD_NAME', 'web'],
      ['IP', '10.88.0.5'],
      ['MAC', 'aa:bb:cc:dd:ee:01']
    ];
    expect(plans).toMatchObject([
      { args, capabilityArgs: { aliases: { front: ['db'] } } },
      { args, capabilityArgs: { aliases: { back: ['db'] }, mac: 'aa:bb:cc:dd:ee:01' } }
    ]);
  });

  it('asks for several addresses by a capability, declared or not', async () => {
    const ips = ['fd00:88::5', '10.88.0.5'];
    const plans = await resolve([spec('back', { ips })]);

    expect(plans).toMatchObject([
      {
        args: [
          ['IgnoreUnknown', '1'],
          ['K8S_POD_NAME', 'web']
        ],
        capabilityArgs: { ips },
        conflist: { plugins: [{ capabilities: { mac: true, ips: true } }] }
      }
    ]);
  });

  it('needs no network', async () => {
    expect(await resolve([])).toEqual([]);
  });

  it('refuses a network nobody has defined', async () => {
    await expect(resolve([spec('front'), spec('other')])).rejects.toMatchObject(
      refusal('network.notFound', `network other: not found in ${confDir}`)
    );
  });

  it('refuses an address that is in no range', async () => {
    await expect(resolve([spec('front', { ips: ['192.0.2.1'] })])).rejects.toMatchObject(
      refusal('network.badIp', 'network front: 192.0.2.1')
    );
  });

  it('refuses a MAC that would add arguments', async () => {
    await expect(resolve([spec('front', { mac: 'a;IP=1' })])).rejects.toMatchObject(
      refusal('cni.badArgs', '"MAC"')
    );
  });

  it('refuses a list whose plugins do not fit', async () => {
    const refused = new MooringError('cni.versionUnsupported', 'network front: no');

    await expect(resolve([spec('front')], false, refused)).rejects.toMatchObject(
      refusal('cni.versionUnsupported', 'network front: no')
    );
  });

  it.each([
    ['no network can publish them', ['back'], 'no plugin of back has the capability portMappings'],
    ['there is no network', [], 'only on a network, and none is given']
  ])('refuses ports when %s', async (_, names, message) => {
    const resolving = resolve(
      names.map((name) => spec(name)),
      true
    );

    await expect(resolving).rejects.toMatchObject(refusal('port.noNetwork', message));
  });
});
