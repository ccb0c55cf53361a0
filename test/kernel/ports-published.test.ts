import { beforeAll, describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { ask, serve, type Endpoint } from '../sandbox/traffic.ts';
import { hostOf, netnsOf } from './host.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);

beforeAll(async () => {
  await host.sh('sysctl -qw net.ipv4.ip_forward=1; ip link set lo up');
  await host.ok('network', 'create', '--disable-dns', 'front', '--subnet', '10.20.0.0/24');
});

type Bindings = readonly { readonly HostIp: string; readonly HostPort: string }[];
type Ports = Readonly<Record<string, Bindings | null>>;

/** What `inspect` shows while the container is up. */
async function published(...options: readonly string[]): Promise<Ports> {
  let ports: Ports = {};
  await host.unchanged(async () => {
    await host.ok('up', 'web', '--network', 'front', ...options);
    const [seen] = JSON.parse(await host.ok('inspect', 'web')) as {
      NetworkSettings: { Ports: Ports };
    }[];
    ports = seen!.NetworkSettings.Ports;
    await host.ok('down', 'web');
  });
  return ports;
}

const chosen = (HostIp = '') => [
  { HostIp, HostPort: expect.stringMatching(/^\d{4,5}$/) as string }
];
const fixed = (HostPort: string, HostIp = '') => [{ HostIp, HostPort }];

describe('inspect shows', () => {
  it.each<[string, readonly string[], Ports]>([
    ['a host port that was chosen', ['-p', '80'], { '80/tcp': chosen() }],
    [
      'each port of a range that was chosen',
      ['-p', '80-82', '-p', '8090:8090'],
      { '80/tcp': chosen(), '81/tcp': chosen(), '82/tcp': chosen(), '8090/tcp': fixed('8090') }
    ],
    [
      'a range one to one',
      ['-p', '80', '-p', '8280-8281:8280-8281'],
      { '80/tcp': chosen(), '8280/tcp': fixed('8280'), '8281/tcp': fixed('8281') }
    ],
    ['a protocol in lower case', ['-p', '8480:80/TCP'], { '80/tcp': fixed('8480') }],
    [
      'protocols that were listed',
      ['-p', '8480:80/tcp,udp'],
      { '80/tcp': fixed('8480'), '80/udp': fixed('8480') }
    ],
    [
      'the address of the host',
      ['-p', '127.0.0.1:8580:80', '-p', '[::1]:8780:80/udp', '-p', '127.0.0.1::81/udp'],
      {
        '80/tcp': fixed('8580', '127.0.0.1'),
        '80/udp': fixed('8780', '::1'),
        '81/udp': chosen('127.0.0.1')
      }
    ],
    ['no address for 0.0.0.0', ['-p', '0.0.0.0:9280:80'], { '80/tcp': fixed('9280') }],
    [
      'two host ports of one port',
      ['-p', '4444:8080', '-p', '5555:8080', '-p', '4444:8080'],
      { '8080/tcp': [...fixed('4444'), ...fixed('5555')] }
    ],
    [
      'null for what is only exposed',
      ['--expose', '443', '--expose', '80', '-p', '80'],
      { '443/tcp': null, '80/tcp': chosen() }
    ],
    [
      'exposed ports that are published with -P, none twice',
      ['--expose', '80', '--expose', '53/udp', '-P', '-p', '8380:80'],
      { '80/tcp': fixed('8380'), '53/udp': chosen() }
    ],
    ['sctp', ['-p', '9090:90/sctp'], { '90/sctp': fixed('9090') }]
  ])('%s', async (_, options, expected) => {
    expect(await published(...options)).toEqual(expected);
  });

  it('numbers in a row for a range that was chosen', async () => {
    const ports = await published('-p', '80-84/udp');
    const numbers = Object.values(ports).map((bindings) => Number(bindings![0]!.HostPort));

    expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index));
  });
});

describe('a wide range', () => {
  const at = (protocol: 'tcp' | 'udp', port: number, netns?: string): Endpoint => ({
    protocol,
    port,
    ...(netns !== undefined && { netns })
  });

  it('of 10,000 ports reaches each port of the container, in a handful of rules', async () => {
    await host.unchanged(async () => {
      const publish = ['-p', '20000-29999:30000-39999', '-p', '127.0.0.1:20000-29999:1-10000/udp'];
      await host.ok('up', 'web', '--network', 'front', ...publish);
      const web = netnsOf('web');
      const answers: string[] = [];
      for (const [protocol, inside, outside] of [
        ['tcp', 30_000, 20_000],
        ['tcp', 30_001, 20_001],
        ['tcp', 39_999, 29_999],
        ['udp', 1, 20_000],
        ['udp', 5_000, 24_999]
      ] as const) {
        const server = await serve(sandbox, at(protocol, inside, web));
        const to = { ...at(protocol, outside), address: '127.0.0.1' };
        answers.push((await ask(sandbox, to, 'hello')).stdout.trim());
        // Hairpin: the rules that mark for it are widened, too.
        if (protocol === 'tcp') {
          const self = { ...at(protocol, outside, web), address: '10.20.0.1' };
          answers.push((await ask(sandbox, self, 'hello')).stdout.trim());
        }
        await server.kill('SIGKILL');
        await server.done;
      }
      const rules = Number(await host.sh('iptables-save -t nat | grep -c ^-A'));
      const port = await host.ok('port', 'web', '35000');
      const bytes = await host.sh('find /var/lib/mooring -name "*.jsonl" -size +100k');
      await host.ok('down', 'web');

      expect(new Set(answers)).toEqual(new Set(['hello']));
      expect(rules).toBeLessThan(40);
      expect(port).toBe('0.0.0.0:25000');
      expect(bytes).toBe('');
    });
  });
});
