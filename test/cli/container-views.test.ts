import { describe, expect, it } from 'vitest';
import type { Mooring, PortMapping } from '../../src/index.ts';
import { containerNotFound, mooring, viewOf } from './fake-deps.ts';

const web: PortMapping = {
  hostIp: '',
  hostPort: 8080,
  containerPort: 80,
  range: 1,
  protocol: 'tcp'
};

const range: PortMapping = {
  ...web,
  hostIp: '::1',
  hostPort: 90,
  containerPort: 53,
  range: 2,
  protocol: 'udp'
};

const inspect: Mooring['inspect'] = (id) =>
  id === 'web'
    ? Promise.resolve(viewOf('web', { ports: [web, range] }))
    : Promise.reject(containerNotFound(id));

describe('ps', () => {
  const containers = [
    viewOf('web', { ports: [web, range] }),
    viewOf('b', { state: 'failed', attachments: [], since: 3_600_000 })
  ];
  const list: Mooring['list'] = () => Promise.resolve({ containers, unreadable: [] });
  const now = 7_200_000;

  it('prints a table', async () => {
    const ran = await mooring(['ps'], { list }, { now });

    expect(ran.err).toBe('');
    expect(ran.out).toBe(
      [
        'CONTAINER  STATE   NETWORKS  ADDRESSES     PORTS                                         SINCE',
        'web        up      front     10.90.0.2/24  0.0.0.0:8080->80/tcp, [::1]:90-91->53-54/udp  2h',
        'b          failed  front                                                                 1h',
        ''
      ].join('\n')
    );
  });

  it('leaves the heading out', async () => {
    const empty: Mooring['list'] = () => Promise.resolve({ containers: [], unreadable: [] });

    const ran = await mooring(['ps', '--noheading'], { list });
    const nothing = await mooring(['ps', '--noheading'], { list: empty });

    expect(ran.out).toMatch(/^web /);
    expect(nothing).toMatchObject({ code: 0, out: '' });
  });

  it('prints ids alone', async () => {
    const ran = await mooring(['ps', '-q'], { list });

    expect(ran).toMatchObject({ code: 0, out: 'web\nb\n' });
  });

  it('prints JSON', async () => {
    const ran = await mooring(['ps', '--format', 'json'], { list });

    expect(JSON.parse(ran.out)).toMatchObject([
      {
        Id: 'web',
        State: 'up',
        Networks: ['front'],
        Addresses: ['10.90.0.2/24'],
        Ports: [
          { host_ip: '', host_port: 8080, container_port: 80, range: 1, protocol: 'tcp' },
          { host_ip: '::1', host_port: 90, container_port: 53, range: 2, protocol: 'udp' }
        ],
        Since: '1970-01-01T00:00:00.000Z'
      },
      { Id: 'b', State: 'failed' }
    ]);
  });

  it('colours states on a terminal, unless NO_COLOR is set', async () => {
    const coloured = await mooring(['ps'], { list }, { isTty: true });
    const plain = await mooring(['ps'], { list }, { isTty: true, env: { NO_COLOR: '1' } });

    expect(coloured.out).toContain('\u001b[32mup\u001b[0m');
    expect(coloured.out).toContain('\u001b[31mfailed\u001b[0m');
    expect(plain.out).not.toContain('\u001b');
  });

  it('reports records that cannot be read beside the others', async () => {
    const failure = { code: 'store.corrupt', message: 'the record is broken' };
    const broken: Mooring['list'] = () =>
      Promise.resolve({ containers, unreadable: [{ id: 'c', failure }] });

    const ran = await mooring(['ps', '-q'], { list: broken });

    expect(ran).toMatchObject({
      code: 125,
      out: 'web\nb\n',
      err: 'Error: c: the record is broken\n'
    });
  });
});

describe('inspect', () => {
  it('prints a JSON array', async () => {
    const ran = await mooring(['inspect', 'web'], { inspect });

    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.out)).toMatchObject([
      {
        Id: 'web',
        State: { Status: 'up', Pending: false, Failure: null, Leftovers: [] },
        NetNS: '/run/netns/mooring-web',
        HostConfig: { NetworkMode: 'bridge' },
        NetworkSettings: { IPAddress: '10.90.0.2', IPPrefixLen: 24, Gateway: '10.90.0.1' }
      }
    ]);
  });

  it('says why a container is not up', async () => {
    const failure = { code: 'cni.11', message: 'portmap refused ADD' };
    const failed = () =>
      Promise.resolve(
        viewOf('web', { state: 'failed', netns: null, failure, leftovers: [failure] })
      );

    const ran = await mooring(['inspect', 'web'], { inspect: failed });

    const shown = { Code: 'cni.11', Message: 'portmap refused ADD' };
    expect(JSON.parse(ran.out)).toMatchObject([
      { State: { Status: 'failed', Failure: shown, Leftovers: [shown] }, NetNS: '' }
    ]);
  });

  it('prints the others when one is missing', async () => {
    const ran = await mooring(['inspect', 'x', 'web'], { inspect });

    expect(JSON.parse(ran.out)).toMatchObject([{ Id: 'web' }]);
    expect(ran).toMatchObject({ code: 125, err: 'Error: no container is named x\n' });
  });

  it('prints an empty array when all are missing', async () => {
    const ran = await mooring(['inspect', 'x'], { inspect });

    expect(ran).toMatchObject({ code: 125, out: '[]\n' });
  });

  it('prints one field', async () => {
    const ran = await mooring(['inspect', '--format', '{{ .State.Status }}', 'web'], { inspect });

    expect(ran).toMatchObject({ code: 0, out: 'up\n' });
  });

  it.each([
    ['yaml', 'unknown format "yaml", it must be json or one field as {{.field}}'],
    ['{{.State.Nothing}}', 'there is no field "State.Nothing"']
  ])('refuses the format %s', async (format, message) => {
    const ran = await mooring(['inspect', '--format', format, 'web'], { inspect });

    expect(ran).toMatchObject({ code: 125, out: '', err: `Error: ${message}\n` });
  });
});

describe('port', () => {
  it('prints a line for each port of each range', async () => {
    const ran = await mooring(['port', 'web'], { inspect });

    expect(ran).toMatchObject({
      code: 0,
      out: '80/tcp -> 0.0.0.0:8080\n53/udp -> [::1]:90\n54/udp -> [::1]:91\n'
    });
  });

  it.each([
    ['80', '0.0.0.0:8080\n'],
    ['80/TCP', '0.0.0.0:8080\n'],
    ['54/udp', '[::1]:91\n']
  ])('prints where %s is published', async (port, out) => {
    const ran = await mooring(['port', 'web', port], { inspect });

    expect(ran).toMatchObject({ code: 0, out });
  });

  it('prints JSON', async () => {
    const ran = await mooring(['port', 'web', '54/udp', '--format', 'json'], { inspect });

    expect(JSON.parse(ran.out)).toEqual([
      {
        ...{ host_ip: '::1', host_port: 91, container_port: 54, range: 1, protocol: 'udp' },
        ...{ handler: 'portmap', source_address: 'kept' }
      }
    ]);
  });

  it.each([
    [['port', 'web', '99'], 'failed to find published port "99/tcp"'],
    [['port', 'web', '80/udp'], 'failed to find published port "80/udp"'],
    [['port', 'web', '0'], 'port "0" must be PORT[/PROTO], 1 to 65535 and tcp, udp or sctp'],
    [
      ['port', 'web', '80/icmp'],
      'port "80/icmp" must be PORT[/PROTO], 1 to 65535 and tcp, udp or sctp'
    ],
    [['port', 'x'], 'no container is named x']
  ])('refuses %j', async (argv, message) => {
    const ran = await mooring(argv, { inspect });

    expect(ran).toMatchObject({ code: 125, out: '', err: `Error: ${message}\n` });
  });
});
