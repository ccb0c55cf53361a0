import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConflists } from '../../../src/effects/cni/conflists.ts';
import type { HostNetworks } from '../../../src/effects/networks/host-subnets.ts';
import {
  networkFiles,
  POOLS,
  type NetworkFiles
} from '../../../src/effects/networks/network-files.ts';
import { fileLock } from '../../../src/effects/networks/plugin-lock.ts';
import { parseNetworkFilter } from '../../../src/model/network-filter.ts';
import { overlaps, parseSubnet } from '../../../src/model/subnet.ts';

let dir: string;
let confDir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mooring-networks-'));
  confDir = join(dir, 'net.d');
});
afterEach(() => rm(dir, { recursive: true }));

const NOTHING: HostNetworks = { addresses: [], routes: [], interfaces: ['lo'] };

function open(
  host: Partial<HostNetworks> = {},
  users: readonly string[] = [],
  ports: readonly string[] = []
): NetworkFiles {
  return networkFiles({
    confDir,
    lock: fileLock(join(dir, 'networks.lock')),
    load: loadConflists,
    highestCommonVersion: () => Promise.resolve('1.0.0'),
    readHost: () => Promise.resolve({ ...NOTHING, ...host }),
    containersOf: () => Promise.resolve(users),
    namesBy: () => 'nothing',
    portsOf: () => Promise.resolve(ports),
    removeLeaseDir: () => Promise.resolve(),
    now: Date.now,
    randomBytes: (length) => new Uint8Array(length).fill(7),
    pools: POOLS
  });
}

const fails = (code: string, message: string | RegExp = /./) =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(message) as unknown
  }) as Error;

const drop = (file: string, conflist: unknown) =>
  writeFile(
    join(confDir, file),
    typeof conflist === 'string' ? conflist : JSON.stringify(conflist)
  );

describe('create', () => {
  it('names a network after its bridge and gives it the first free subnet', async () => {
    const view = await open().create({});

    expect(view).toMatchObject({
      name: 'mooring1',
      driver: 'bridge',
      network_interface: 'mooring1',
      subnets: [{ subnet: '10.89.0.0/24', gateway: '10.89.0.1' }],
      ipv6_enabled: false,
      internal: false,
      dns_enabled: false,
      ipam_options: { driver: 'host-local' },
      cniVersion: '1.0.0',
      file: join(confDir, 'mooring1.conflist')
    });
    expect((await stat(view.file)).mode & 0o777).toBe(0o644);
    expect(await readdir(confDir)).toEqual(['mooring1.conflist']);
    expect(Date.parse(view.created)).toBeGreaterThan(0);
  });

  it('gives every further network a name, a bridge and a subnet of its own', async () => {
    const files = open({ interfaces: ['mooring2'] });
    const views = [
      await files.create({}),
      await files.create({ ipv6: true }),
      await files.create({})
    ];

    expect(views.map(({ network_interface }) => network_interface)).toEqual([
      'mooring1',
      'mooring3',
      'mooring4'
    ]);
    expect(views[1]?.subnets.map(({ subnet }) => subnet)).toEqual([
      '10.89.1.0/24',
      'fd07:707:707:707::/64'
    ]);
    expect(views[2]?.subnets[0]?.subnet).toBe('10.89.2.0/24');
  });

  it('puts the family it chooses after the one that was given', async () => {
    const view = await open().create({ subnets: ['fd00:4:3:2:1::/64'], ipv6: true });

    expect(view.subnets.map(({ subnet }) => subnet)).toEqual(['fd00:4:3:2::/64', '10.89.0.0/24']);
    expect(view.plugins[0]).toMatchObject({
      ipam: { routes: [{ dst: '::/0' }, { dst: '0.0.0.0/0' }] }
    });
  });

  it('steps around addresses and routes of the host', async () => {
    const host = {
      addresses: [parseSubnet('10.89.0.0/25')],
      routes: [parseSubnet('10.89.1.0/24'), parseSubnet('10.89.2.128/26')]
    };

    expect((await open(host).create({})).subnets[0]?.subnet).toBe('10.89.3.0/24');
    const vpn = { routes: [parseSubnet('10.0.0.0/8')] };
    expect((await open(vpn).create({})).subnets[0]?.subnet).toBe('172.24.0.0/24');
    const all = { routes: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map(parseSubnet) };
    await expect(open(all).create({})).rejects.toThrow(fails('network.noFreeSubnet'));
  });

  it('refuses what is taken and leaves what is there alone', async () => {
    const files = open({ addresses: [parseSubnet('10.7.0.0/16')] });
    await files.create({ name: 'a', subnets: ['10.11.12.0/24'], interfaceName: 'br7' });
    await files.create({ name: 'six', subnets: ['fd00:4:4:4:4::/64'] });
    const before = await readFile(join(confDir, 'a.conflist'), 'utf8');

    const create = (input: object) => files.create(input);
    await expect(create({ name: 'a' })).rejects.toThrow(
      fails('network.exists', /name a is already used/)
    );
    await expect(create({ subnets: ['10.11.12.128/25'] })).rejects.toThrow(
      fails('network.subnetInUse', /already being used by a cni configuration/)
    );
    await expect(create({ subnets: ['fd00:4:4:4:4::/64'] })).rejects.toThrow(
      fails('network.subnetInUse')
    );
    await expect(create({ subnets: ['10.7.1.0/24'] })).rejects.toThrow(
      fails('network.subnetInUse', /being used by a network interface/)
    );
    await expect(create({ interfaceName: 'br7' })).rejects.toThrow(
      fails('network.bridgeInUse', /already in use/)
    );
    await expect(create({ driver: 'macvlan', options: { parent: 'idonotexist' } })).rejects.toThrow(
      fails('network.noParent', /does not exists/)
    );
    expect(await readdir(confDir)).toEqual(['a.conflist', 'six.conflist']);
    expect(await readFile(join(confDir, 'a.conflist'), 'utf8')).toBe(before);
  });

  it('lets one of many win a name, and gives the winners of others different subnets', async () => {
    const attempts = await Promise.allSettled([
      ...Array.from({ length: 5 }, () => open().create({ name: 'same' })),
      ...Array.from({ length: 5 }, (_, index) => open().create({ name: `n${index}` }))
    ]);

    const made = attempts.flatMap((attempt) =>
      attempt.status === 'fulfilled' ? [attempt.value] : []
    );
    const lost = attempts.flatMap((attempt) =>
      attempt.status === 'rejected' ? [(attempt.reason as { code: string }).code] : []
    );
    expect(lost).toEqual(Array(4).fill('network.exists'));
    const subnets = made.map(({ subnets }) => parseSubnet(subnets[0]!.subnet));
    expect(subnets.filter((a) => subnets.some((b) => a !== b && overlaps(a, b)))).toEqual([]);
  });

  it('does not write over a file that another program has just put there', async () => {
    await open().create({ name: 'a' });
    await drop('b.conflist', '{ broken');

    await expect(open().create({ name: 'b' })).rejects.toThrow(fails('network.exists'));
    expect(await readFile(join(confDir, 'b.conflist'), 'utf8')).toBe('{ broken');
  });

  it.each([
    ['below a file', () => join(dir, 'file/net.d'), 'conflist.unreadable', /net.d: ENOTDIR/],
    ['below /proc', () => '/proc/net.d', 'network.cannotWrite', /net.d cannot be made: ENOENT/]
  ])('says that there is no directory %s', async (_, place, code, words) => {
    await writeFile(join(dir, 'file'), '');
    confDir = place();

    await expect(open().create({ name: 'a' })).rejects.toThrow(fails(code, words));
  });
});

describe('the default network', () => {
  it('is made once, in the free part of its range, and stays', async () => {
    const views = await Promise.all([open().ensureDefaultNetwork(), open().ensureDefaultNetwork()]);

    expect(views[1]).toEqual(views[0]);
    expect(views[0]).toMatchObject({
      name: 'mooring',
      network_interface: 'mooring0',
      subnets: [{ subnet: '10.90.0.0/16', gateway: '10.90.0.1' }],
      internal: false
    });
    await expect(open().remove('mooring')).rejects.toThrow(
      fails('network.isDefault', /^default network mooring cannot be removed$/)
    );
  });

  it('takes a smaller part when the host uses some of it', async () => {
    const routes = [parseSubnet('10.90.0.0/24'), parseSubnet('10.91.0.0/24')];

    expect((await open({ routes }).ensureDefaultNetwork()).subnets[0]?.subnet).toBe(
      '10.90.16.0/20'
    );
    await rm(join(confDir, 'mooring.conflist'));
    await expect(
      open({ routes: [parseSubnet('10.0.0.0/8')] }).ensureDefaultNetwork()
    ).rejects.toThrow(fails('network.noFreeSubnet', /10\.90\.0\.0\/15/));
  });
});

describe('lookup', () => {
  it('finds by name, id and beginning of an id', async () => {
    const files = open();
    const { id } = await files.create({ name: 'networkIDTest' });

    expect(id).toBe('6073aefe03cdf8f29be5b23ea9795c431868a3a22066a6290b187691614fee84');
    for (const wanted of ['networkIDTest', id, id.slice(0, 40), id.slice(0, 1)]) {
      expect((await files.inspect(wanted)).name).toBe('networkIDTest');
    }
    for (const wanted of [id.slice(1), '', 'networkIDTes', `${id}0`]) {
      await expect(files.inspect(wanted)).rejects.toThrow(
        fails('network.notFound', /^no such network/)
      );
      expect(await files.exists(wanted)).toBe(false);
    }
    expect(await files.exists(id)).toBe(true);
    expect(await files.remove(id)).toBe('networkIDTest');
    expect(await readdir(confDir)).toEqual([]);
  });

  it('is not changed by what a caller does with its view', async () => {
    const files = open();
    await files.create({ name: 'a', labels: { l: '1' } });
    const before = structuredClone(await files.inspect('a'));
    for (const view of [await files.inspect('a'), (await files.list()).networks[0]!]) {
      const mine = view as unknown as {
        name: string;
        labels: Record<string, string>;
        plugins: unknown[];
      };
      mine.name = 'b';
      mine.labels['l'] = '2';
      mine.plugins.pop();
    }

    expect(await files.inspect('a')).toEqual(before);
    expect((await files.list()).networks).toEqual([before]);
  });

  it('does not choose between two networks', async () => {
    const files = open();
    const ids = [await files.create({ name: 'net4' }), await files.create({ name: 'net5' })].map(
      ({ id }) => id.slice(0, 8)
    );

    expect(ids).toEqual(['b44b7426', 'b67e86fb']);
    await expect(files.inspect('b')).rejects.toThrow(
      fails('network.ambiguous', /more than one result for network ID b/)
    );
  });

  it('does not remove what containers use', async () => {
    await open().create({ name: 'a' });

    await expect(open({}, ['web', 'db']).remove('a')).rejects.toThrow(
      fails('network.inUse', /^"a" has associated containers with it: web, db$/)
    );
    await expect(open().remove('bogus')).rejects.toThrow(fails('network.notFound'));
    expect(await readdir(confDir)).toEqual(['a.conflist']);
  });

  it('shows networks of others, and what is broken hides none of them', async () => {
    await open().create({ name: 'a', labels: { l: '1' }, options: { mtu: '9000' } });
    await drop('87-podman.conflist', {
      cniVersion: '0.4.0',
      name: 'podman',
      args: { podman_labels: { theirs: '' } },
      plugins: [
        {
          type: 'bridge',
          bridge: 'cni-podman0',
          isGateway: true,
          ipMasq: true,
          ipam: { type: 'host-local', ranges: [[{ subnet: '10.88.0.0/16', gateway: '10.88.0.1' }]] }
        },
        { type: 'dnsname' }
      ]
    });
    await drop('broken.conflist', '{');

    const { networks, problems } = await open().list();
    expect(networks).toMatchObject([
      { name: 'a', labels: { l: '1' }, options: { mtu: '9000' } },
      {
        name: 'podman',
        labels: { theirs: '' },
        dns_enabled: true,
        subnets: [{ subnet: '10.88.0.0/16' }]
      }
    ]);
    expect(problems).toHaveLength(1);
    expect(await open().remove('podman')).toBe('podman');
    expect(await readdir(confDir)).toEqual(['a.conflist', 'broken.conflist']);
  });
});

describe('filters', () => {
  it.each<[readonly string[], readonly string[]]>([
    [[], ['net1', 'net2', 'other']],
    [['name=net1'], ['net1']],
    [['name=^net'], ['net1', 'net2']],
    [
      ['name=net1', 'name=other'],
      ['net1', 'other']
    ],
    [['plugin=brid'], ['net1', 'net2']],
    [['plugin=test'], []],
    [['plugin=bridge', 'name=net1'], ['net1']],
    [['label=l1'], ['net1', 'net2']],
    [['label=l1', 'label=l2'], ['net2']],
    [['label=l2=v'], ['net2']],
    [['label=l2=w'], []],
    [['driver=macvlan'], ['other']],
    [
      ['driver=macvlan', 'driver=bridge'],
      ['net1', 'net2', 'other']
    ],
    [['driver=macvlan', 'name=net'], []]
  ])('%j', async (words, expected) => {
    const files = open();
    await files.create({ name: 'net1', labels: { l1: '' } });
    await files.create({ name: 'net2', labels: { l1: '', l2: 'v' } });
    await files.create({ name: 'other', driver: 'macvlan' });

    const { networks } = await files.list(words.map(parseNetworkFilter));
    expect(networks.map(({ name }) => name)).toEqual(expected);
  });

  it('match an inner part of an id, and refuse an unknown key', async () => {
    const files = open();
    const { id } = await files.create({ name: 'a' });

    expect((await files.list([{ key: 'id', value: id.slice(5, 20) }])).networks).toHaveLength(1);
    expect(() => parseNetworkFilter('namr=ab')).toThrow('invalid filter "namr"');
    await expect(files.list([{ key: 'toString', value: '' }])).rejects.toThrow(
      'invalid filter "toString"'
    );
    await expect(files.list([{ key: 'name', value: '(' }])).rejects.toThrow(
      fails('network.badFilter')
    );
  });
});
