import { describe, expect, it } from 'vitest';
import type { Mooring, NetworkInput, Networks } from '../../src/index.ts';
import { MooringError } from '../../src/model/failure.ts';
import { mooring, networkNotFound, networkOf } from './fake-deps.ts';

const ID = networkOf('front').id;

describe('network create', () => {
  const inputs: NetworkInput[] = [];
  const create: Networks['create'] = (input) => {
    inputs.push(input);
    return Promise.resolve(networkOf(input.name ?? 'mooring1'));
  };

  it.each<[readonly string[], NetworkInput]>([
    [[], {}],
    [['front', '-d', 'macvlan'], { name: 'front', driver: 'macvlan' }],
    [['--macvlan', 'lo', 'x'], { name: 'x', driver: 'macvlan', options: { parent: 'lo' } }],
    [['--ipv6', '--internal', '--disable-dns'], { ipv6: true, internal: true, disableDns: true }],
    [
      ['--ipam-driver', 'none', '--ignore', '--route', '10.7.0.0/16,10.0.0.9'],
      { ipamDriver: 'none', ignoreIfExists: true, routes: ['10.7.0.0/16,10.0.0.9'] }
    ],
    [['--interface-name', 'br7'], { interfaceName: 'br7' }],
    [
      [
        '--subnet',
        '10.1.0.0/24',
        '--gateway',
        '10.1.0.9',
        '--ip-range',
        '10.1.0.128/25',
        '--subnet',
        'fd00::/64'
      ],
      { subnets: ['10.1.0.0/24', 'fd00::/64'], gateways: ['10.1.0.9'], ipRanges: ['10.1.0.128/25'] }
    ],
    [['--label', 'a', '--label', 'b=c=d'], { labels: { a: '', b: 'c=d' } }],
    [['-o', 'mtu=9000', '--opt', 'vlan=9'], { options: { mtu: '9000', vlan: '9' } }]
  ])('understands %j', async (options, input) => {
    inputs.length = 0;

    const ran = await network(['create', ...options], { create });

    expect(ran).toMatchObject({ code: 0, err: '', out: `${input.name ?? 'mooring1'}\n` });
    expect(inputs).toEqual([input]);
  });

  it.each([
    [['--opt', 'mtu'], '--opt "mtu" must be key=value'],
    [['--label', '=x'], '--label "=x" must be key[=value]'],
    [['a', 'b'], "too many arguments for 'create'. Expected 1 argument but got 2."]
  ])('refuses %j', async (options, message) => {
    const ran = await network(['create', ...options], { create });

    expect(ran).toMatchObject({ code: 125, out: '', err: `Error: ${message}\n` });
  });

  it('passes the refusal of the library on', async () => {
    const refuse = () => Promise.reject(new MooringError('network.exists', 'network a exists'));

    const ran = await network(['create', 'a'], { create: refuse });

    expect(ran).toMatchObject({ code: 125, err: 'Error: network a exists\n' });
  });
});

describe('network ls', () => {
  const list: Networks['list'] = () =>
    Promise.resolve({ networks: [networkOf('front'), networkOf('b')], problems: [] });

  it.each(['ls', 'list'])('prints a table as %s', async (verb) => {
    const ran = await network([verb], { list });

    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toBe(
      [
        'NETWORK ID    NAME   VERSION  PLUGINS',
        '6073aefe03cd  front  1.0.0    bridge,portmap',
        '6073aefe03cd  b      1.0.0    bridge,portmap',
        ''
      ].join('\n')
    );
  });

  it('prints whole ids, no heading, names alone, or JSON', async () => {
    const whole = await network(['ls', '--no-trunc', '--noheading'], { list });
    const quiet = await network(['ls', '-q'], { list });
    const json = await network(['ls', '--format', 'json'], { list });

    expect(whole.out.split('\n')[0]).toBe(`${ID}  front  1.0.0  bridge,portmap`);
    expect(quiet.out).toBe('front\nb\n');
    expect(JSON.parse(json.out)).toEqual([networkOf('front'), networkOf('b')]);
  });

  it('hands the filters on', async () => {
    const seen: unknown[] = [];
    const watched: Networks['list'] = (filters) => {
      seen.push(filters);
      return list();
    };

    await network(['ls', '-f', 'name=a', '--filter', 'label=x=y'], { list: watched });

    expect(seen).toEqual([
      [
        { key: 'name', value: 'a' },
        { key: 'label', value: 'x=y' }
      ]
    ]);
  });

  it('warns of files that cannot be used', async () => {
    const problems = [{ code: 'network.badConflist', message: 'x.conflist is no JSON' }];
    const partly: Networks['list'] = () =>
      Promise.resolve({ networks: [networkOf('front')], problems });

    const ran = await network(['ls', '-q'], { list: partly });

    expect(ran).toMatchObject({ code: 0, out: 'front\n', err: 'Warning: x.conflist is no JSON\n' });
  });

  it.each([
    [['--filter', 'name'], 'invalid filter "name", it must be key=value'],
    [
      ['--format', 'yaml'],
      "option '--format <format>' argument 'yaml' is invalid. Allowed choices are table, json."
    ]
  ])('refuses %j', async (options, message) => {
    const ran = await network(['ls', ...options], { list });

    expect(ran).toMatchObject({ code: 125, err: `Error: ${message}\n` });
  });
});

describe('network inspect', () => {
  const inspect: Networks['inspect'] = (name) =>
    name === 'x' ? Promise.reject(networkNotFound(name)) : Promise.resolve(networkOf(name));

  it('prints a JSON array', async () => {
    const ran = await network(['inspect', 'a', 'b'], { inspect });

    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.out)).toEqual([networkOf('a'), networkOf('b')]);
  });

  it.each([
    ['{{.cniVersion}}', '1.0.0'],
    ['{{ .NetworkInterface }}', 'mooring1'],
    ['{{.ipam_options.driver}}', 'host-local'],
    ['{{.plugins}}', '[{"type":"bridge"},{"type":"portmap"}]'],
    ['{{.internal}}', 'false']
  ])('prints %s', async (format, value) => {
    const ran = await network(['inspect', '--format', format, 'a'], { inspect });

    expect(ran).toMatchObject({ code: 0, out: `${value}\n` });
  });

  it('prints the others when one is missing', async () => {
    const ran = await network(['inspect', 'x', 'a', '-f', '{{.name}}'], { inspect });

    expect(ran).toMatchObject({ code: 125, out: 'a\n', err: 'Error: no such network x\n' });
  });

  it('needs a name', async () => {
    const ran = await network(['inspect'], { inspect });

    expect(ran).toMatchObject({ code: 125, err: "Error: missing required argument 'networks'\n" });
  });
});

describe('network rm', () => {
  const remove: Networks['remove'] = (name) => {
    if (name === 'x') return Promise.reject(networkNotFound(name));
    if (name === 'used') {
      return Promise.reject(new MooringError('network.inUse', 'network used is used by web'));
    }
    if (name === 'odd') return Promise.reject(new MooringError('network.bad', 'odd'));
    return Promise.resolve(name);
  };

  it.each(['rm', 'remove'])('prints the names in the given order as %s', async (verb) => {
    const ran = await network([verb, 'b', 'a'], { remove });

    expect(ran).toMatchObject({ code: 0, out: 'b\na\n', err: '' });
  });

  it.each([
    [['x', 'a'], 1],
    [['used', 'a'], 2],
    [['used', 'x', 'a'], 2],
    [['odd', 'used', 'x', 'a'], 125]
  ])('removes the others of %j and ends with %i', async (names, code) => {
    const ran = await network(['rm', ...names], { remove });

    expect(ran).toMatchObject({ code, out: 'a\n' });
    expect(ran.err.split('\n')).toHaveLength(names.length);
  });

  it('needs a name', async () => {
    expect(await network(['rm'], { remove })).toMatchObject({ code: 125 });
  });
});

describe('network exists', () => {
  it('answers by its exit code', async () => {
    const exists: Networks['exists'] = (name) => Promise.resolve(name === 'a');

    const yes = await network(['exists', 'a'], { exists });
    const no = await network(['exists', 'b'], { exists });

    expect(yes).toMatchObject({ code: 0, out: '', err: '' });
    expect(no).toMatchObject({ code: 1, out: '', err: '' });
  });

  it('tells an error from an absence', async () => {
    const exists = () => Promise.reject(new MooringError('network.badName', 'bad name'));

    expect(await network(['exists', '../a'], { exists })).toMatchObject({
      code: 125,
      err: 'Error: bad name\n'
    });
  });
});

function network(argv: readonly string[], networks: Partial<Networks>) {
  return mooring(['network', ...argv], { networks: networks as Mooring['networks'] });
}
