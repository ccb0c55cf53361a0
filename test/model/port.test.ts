import { describe, expect, it } from 'vitest';
import type { PortMapping } from '../../src/model/container.ts';
import { checkPorts, mergePorts, portsOverlap } from '../../src/model/port-conflicts.ts';
import { checkPort, expandPort, hostPortText, parsePublish } from '../../src/model/port.ts';

const mapping = (over: Partial<PortMapping>): PortMapping => ({
  hostIp: '',
  hostPort: 0,
  containerPort: 80,
  range: 1,
  protocol: 'tcp',
  ...over
});

const one = (text: string) => parsePublish(text)[0]!;

describe('parsePublish', () => {
  it.each<[string, Partial<PortMapping>]>([
    ['80', {}],
    ['80-82', { range: 3 }],
    ['8090:8090', { hostPort: 8090, containerPort: 8090 }],
    ['8280-8282:8380-8382', { hostPort: 8280, containerPort: 8380, range: 3 }],
    ['8480:80/TCP', { hostPort: 8480 }],
    ['80/udp', { protocol: 'udp' }],
    ['80/sctp', { protocol: 'sctp' }],
    ['127.0.0.1:8580:80', { hostIp: '127.0.0.1', hostPort: 8580 }],
    ['[::1]:8780:80/udp', { hostIp: '::1', hostPort: 8780, protocol: 'udp' }],
    ['[0:0::1]:8880:80', { hostIp: '::1', hostPort: 8880 }],
    ['127.0.0.1::8980/udp', { hostIp: '127.0.0.1', containerPort: 8980, protocol: 'udp' }],
    ['[::1]::80', { hostIp: '::1' }],
    [':8181', { containerPort: 8181 }],
    ['0.0.0.0:9280:80', { hostPort: 9280 }],
    ['65535:65535', { hostPort: 65535, containerPort: 65535 }]
  ])('reads %s', (text, expected) => {
    expect(parsePublish(text)).toEqual([mapping(expected)]);
  });

  it('makes a mapping of each protocol, said once', () => {
    expect(parsePublish('8080:80/tcp,UDP,tcp').map(hostPortText)).toEqual(['8080/tcp', '8080/udp']);
  });

  it.each([
    ['', 'port.badMapping'],
    ['80/', 'port.badMapping'],
    ['80/tcp/udp', 'port.badMapping'],
    ['80/icmp', 'port.badProtocol'],
    ['8080:', 'port.badMapping'],
    [':8080:80', 'port.badMapping'],
    ['::1:8080:80', 'port.badMapping'],
    ['[::1]', 'port.badMapping'],
    ['[::1]:80', 'port.badMapping'],
    ['[127.0.0.1]:8080:80', 'port.badMapping'],
    ['localhost:8080:80', 'port.badHostIp'],
    ['010.0.0.1:8080:80', 'port.badHostIp'],
    ['[fe80::1%eth0]:8080:80', 'port.badHostIp'],
    ['0', 'port.badPort'],
    ['0:80', 'port.badPort'],
    ['65536', 'port.badPort'],
    ['-1:80', 'port.badMapping'],
    ['80-', 'port.badMapping'],
    ['8e1', 'port.badMapping'],
    ['82-80', 'port.badRange'],
    ['80-80', 'port.badRange'],
    ['8080-8082:80', 'port.badRange'],
    ['8080-8082:80-81', 'port.badRange']
  ])('refuses %j', (text, code) => {
    expect(() => parsePublish(text)).toThrow(expect.objectContaining({ code }));
  });
});

describe('checkPort', () => {
  it.each([
    [{ range: 0 }, 'port.badRange'],
    [{ range: 1.5 }, 'port.badRange'],
    [{ hostPort: 65_000, range: 1000 }, 'port.badRange'],
    [{ containerPort: 65_000, range: 1000 }, 'port.badRange'],
    [{ hostPort: -1 }, 'port.badPort'],
    [{ containerPort: Number.NaN }, 'port.badPort']
  ])('refuses %j', (over, code) => {
    expect(() => checkPort(mapping(over))).toThrow(expect.objectContaining({ code }));
  });
});

describe('checkPorts', () => {
  const check = (...texts: string[]) => checkPorts(texts.flatMap(parsePublish)).map(hostPortText);

  it('says what is published twice once, and keeps the order', () => {
    expect(check('8080:80', '9090:90', '8080:80')).toEqual(['8080/tcp', '9090/tcp']);
    expect(check('80', '80')).toEqual(['0/tcp']);
    expect(check('8080-8082:80-82', '8081:81')).toEqual(['8080-8082/tcp']);
    expect(check('8080-8082:80-82', '8081-8083:81-83')).toEqual(['8080-8083/tcp']);
  });

  it('allows one container port several host ports, and one host port several protocols', () => {
    expect(check('4444:8080', '5555:8080', '8080', '4444:80/udp')).toHaveLength(4);
    expect(check('127.0.0.1:80:80', '127.0.0.2:80:81')).toHaveLength(2);
  });

  it.each([
    ['8080:80', '8080:81'],
    ['8080:80', '127.0.0.1:8080:81'],
    ['8078-8080:78-80', '8080:81'],
    ['[::]:8080:80', '[::1]:8080:81']
  ])('refuses %s with %s', (a, b) => {
    expect(() => check(a, b)).toThrow(
      'conflicting port mappings for host port 8080 (protocol tcp)'
    );
  });

  it('limits how many there are', () => {
    const many = Array.from({ length: 1025 }, (_, index) => mapping({ hostPort: index + 1 }));
    const wide = [
      mapping({ containerPort: 1, range: 65_535 }),
      mapping({ containerPort: 1, range: 2 })
    ];

    expect(() => checkPorts(many)).toThrow(expect.objectContaining({ code: 'port.tooMany' }));
    expect(() => checkPorts(wide)).toThrow(expect.objectContaining({ code: 'port.tooMany' }));
  });
});

describe('mergePorts', () => {
  it.each([
    [['8080:80', '8081:81'], ['8080-8081/tcp']],
    [['8081:81', '8080:80'], ['8080-8081/tcp']],
    [
      ['8080:80', '8081:82'],
      ['8080/tcp', '8081/tcp']
    ],
    [
      ['8080:80', '8081:81/udp'],
      ['8080/tcp', '8081/udp']
    ],
    [
      ['8080:80', '127.0.0.1:8081:81'],
      ['8080/tcp', '127.0.0.1:8081/tcp']
    ]
  ])('makes ranges of %j', (texts, expected) => {
    expect(mergePorts(texts.flatMap(parsePublish)).map(hostPortText)).toEqual(expected);
  });
});

describe('portsOverlap', () => {
  it.each([
    ['8080:80', '127.0.0.1:8080:90', true],
    ['[::1]:8080:80', '127.0.0.1:8080:90', false],
    ['[::]:8080:80', '127.0.0.1:8080:90', false],
    ['8080:80', '8080:80/udp', false],
    ['80', '80', false],
    ['8080-8090:80-90', '8090:1', true],
    ['8080-8090:80-90', '8091:1', false]
  ])('of %s and %s is told', (a, b, expected) => {
    expect(portsOverlap(one(a), one(b))).toBe(expected);
    expect(portsOverlap(one(b), one(a))).toBe(expected);
  });
});

describe('expandPort', () => {
  it('forwards one to one, and leaves a choice open', () => {
    expect(expandPort(one('8080-8081:80-81'))).toEqual([
      mapping({ hostPort: 8080, containerPort: 80 }),
      mapping({ hostPort: 8081, containerPort: 81 })
    ]);
    expect(expandPort(one('80-81')).map(({ hostPort }) => hostPort)).toEqual([0, 0]);
  });
});
