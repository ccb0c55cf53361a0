import { describe, expect, it } from 'vitest';
import { parseContainerSpec } from '../../src/model/container-spec.ts';
import { networkSettings } from '../../src/network-settings.ts';
import { parseExpose, parsePublish } from '../../src/model/port.ts';
import { unpublished } from '../../src/model/port-expose.ts';
import type { ContainerView } from '../../src/model/view.ts';

const text = ({ port, range, protocol }: { port: number; range: number; protocol: string }) =>
  `${port}+${range}/${protocol}`;

describe('an exposed port', () => {
  it.each<[string, readonly string[]]>([
    ['80', ['80+1/tcp']],
    ['80-89/UDP', ['80+10/udp']],
    ['80/tcp,udp,tcp', ['80+1/tcp', '80+1/udp']],
    ['80/sctp', ['80+1/sctp']]
  ])('is read from %j', (given, expected) => {
    expect(parseExpose(given).map(text)).toEqual(expected);
  });

  it.each([
    ['', 'port.badMapping'],
    ['8080:80', 'port.badMapping'],
    ['80/tcp/udp', 'port.badMapping'],
    ['80/', 'port.badProtocol'],
    ['80/tcp,', 'port.badProtocol'],
    ['0', 'port.badPort'],
    ['90-80', 'port.badRange'],
    ['65535-65536', 'port.badPort']
  ])('refuses %j', (given, code) => {
    expect(() => parseExpose(given)).toThrow(expect.objectContaining({ code }));
  });

  it.each<[readonly string[], readonly string[], readonly string[]]>([
    [['80-89'], ['8085:85'], ['80+5/tcp', '86+4/tcp']],
    [['80-89'], ['8085:85/udp'], ['80+10/tcp']],
    [['80-89'], ['1070-1095:70-95'], []],
    [['80', '81', '80-82'], [], ['80+3/tcp']],
    [['80', '80/udp'], ['80'], ['80+1/udp']]
  ])('%j besides %j leaves %j unpublished', (exposed, ports, expected) => {
    const left = unpublished(exposed.flatMap(parseExpose), ports.flatMap(parsePublish));

    expect(left.map(text)).toEqual(expected);
  });
});

describe('a container spec', () => {
  const spec = (more: object) => parseContainerSpec({ id: 'web', ...more }, { network: 'front' });
  const random = { hostIp: '', hostPort: 0, range: 1, protocol: 'tcp' };

  it('publishes every exposed port that is not published, when it is asked to', () => {
    const expose = [{ port: 80 }, { port: 443 }];
    const ports = [{ containerPort: 80 }];

    expect(spec({ expose, ports, publishAll: true }).ports).toEqual([
      { ...random, containerPort: 80 },
      { ...random, containerPort: 443 }
    ]);
    expect(spec({ expose, ports }).ports).toEqual([{ ...random, containerPort: 80 }]);
  });

  it('has a mapping for each protocol of a list', () => {
    const ports = [{ hostPort: 53, containerPort: 53, protocol: 'udp,TCP,udp' }];

    expect(spec({ ports }).ports.map(({ protocol }) => protocol)).toEqual(['udp', 'tcp']);
  });

  it('refuses ports that cannot be', () => {
    expect(() => spec({ expose: [{ port: 0 }] })).toThrow('must be 1 to 65535');
    expect(() => spec({ expose: [{ port: 80, hostPort: 1 }] })).toThrow('container spec "expose');
    expect(() => spec({ publishAll: 'yes' })).toThrow('container spec "publishAll"');
  });
});

describe('inspect', () => {
  it('shows published ports with their bindings, and those that are only exposed with null', () => {
    const spec = parseContainerSpec(
      { id: 'web', expose: [{ port: 79, range: 3 }] },
      { network: 'a' }
    );
    const ports = parsePublish('127.0.0.1:8080:80');
    const view = {
      spec,
      ports,
      attachments: [],
      netns: null,
      uplink: null
    } as unknown as ContainerView;

    expect(networkSettings(view).Ports).toEqual({
      '79/tcp': null,
      '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }],
      '81/tcp': null
    });
  });
});
