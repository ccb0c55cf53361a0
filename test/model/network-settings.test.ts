import { describe, expect, it } from 'vitest';
import { networkMode } from '../../src/model/network-settings.ts';
import type { ContainerView } from '../../src/model/view.ts';
import { networkSettings } from '../../src/network-settings.ts';
import { viewOf } from '../cli/fake-deps.ts';

const result = {
  cniVersion: '1.1.0',
  interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', sandbox: '/run/netns/mooring-web' }],
  ips: [{ address: 'fd00::2/64', gateway: 'fd00::1' }, { address: '10.0.0.2/24' }]
};
const front = { network: 'front', ifName: 'eth0', aliases: [], result };

const networksOf = (parts: Partial<ContainerView>) =>
  networkSettings(viewOf('web', parts)).Networks;

describe('networkSettings', () => {
  it('fills each family for itself, whichever comes first', () => {
    expect(networksOf({ attachments: [front] })['front']).toMatchObject({
      IPAddress: '10.0.0.2',
      GlobalIPv6Address: 'fd00::2',
      GlobalIPv6PrefixLen: 64,
      IPv6Gateway: 'fd00::1',
      SecondaryIPv6Addresses: [],
      MacAddress: '02:00:00:00:00:01'
    });
  });

  it.each<[string, Partial<ContainerView>, RegExp]>([
    ['a member without a result', { attachments: [] }, /not attached/],
    ['a member whose ADD was begun', { attachments: [{ ...front, result: null }] }, /not attached/],
    [
      'an attachment that is no member',
      { spec: { id: 'web', networks: [], ports: [] }, attachments: [front] },
      /without being a member/
    ]
  ])('shows %s with the reason', (_, parts, reason) => {
    const { front: entry } = networksOf(parts);

    expect(entry!.Mismatch).toMatch(reason);
  });

  it.each<[ContainerView['state']]>([['defined'], ['failed'], ['creating']])(
    'sees no mismatch in what is %s',
    (state) => {
      expect(networksOf({ state, attachments: [] })['front']).not.toHaveProperty('Mismatch');
    }
  );

  it('gives the endpoints of two containers on one network different ids', () => {
    const [web, db] = ['web', 'db'].map(
      (id) => networkSettings(viewOf(id, { attachments: [front] })).Networks['front']!
    );

    expect(web!.NetworkID).toBe(db!.NetworkID);
    expect(web!.EndpointID).not.toBe(db!.EndpointID);
  });
});

describe('networkMode', () => {
  it.each([
    [{ kind: 'path', path: '/run/netns/x' } as const, 'ns:/run/netns/x'],
    [{ kind: 'container', container: 'db' } as const, 'container:db'],
    [{ kind: 'host' } as const, 'host'],
    [{ kind: 'process', pid: 7, startTime: '1' } as const, 'bridge']
  ])('of %j is %s', (namespace, mode) => {
    const spec = { id: 'web', networks: [], ports: [], namespace };

    expect(networkMode(viewOf('web', { spec }))).toBe(mode);
  });

  it('is none where none was wanted, and not where none is left', () => {
    const spec = { id: 'web', networks: [], ports: [] };

    expect(networkMode(viewOf('web', { spec: { ...spec, isolated: true } }))).toBe('none');
    expect(networkMode(viewOf('web', { spec }))).toBe('bridge');
  });
});
