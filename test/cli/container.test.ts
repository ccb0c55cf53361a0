import { describe, expect, it, vi } from 'vitest';
import type { Container, Mooring, UpInput } from '../../src/index.ts';
import type { Interrupt } from '../../src/cli/deps.ts';
import { MooringError } from '../../src/model/failure.ts';
import { containerNotFound, eventSource, mooring, viewOf } from './fake-deps.ts';

describe('up', () => {
  const inputs: UpInput[] = [];
  const up: Mooring['up'] = (input) => {
    inputs.push(input);
    return Promise.resolve({ netns: `/run/netns/mooring-${input.id}` } as Container);
  };

  it('prints the path of the netns and nothing else', async () => {
    const ran = await mooring(['up', 'web'], { up });

    expect(ran).toMatchObject({ code: 0, out: '/run/netns/mooring-web\n', err: '', closed: true });
  });

  it.each<[string, readonly string[], Omit<UpInput, 'id'>]>([
    ['leaves the network to the library', [], {}],
    ['takes several networks', ['--network', 'a', '--network', 'b'], of('a', 'b')],
    ['takes them in one option', ['--network', 'a,b'], of('a', 'b')],
    ['knows none', ['--network', 'none'], { networks: 'none' }],
    ['knows bridge', ['--network', 'bridge'], of('mooring')],
    [
      'reads the options of a network',
      ['--network', 'a:ip=10.0.0.5,alias=db'],
      { networks: [{ name: 'a', ips: ['10.0.0.5'], aliases: ['db'] }] }
    ],
    [
      'gives addresses to the one network',
      [
        '--network',
        'a',
        '--ip',
        '10.0.0.5',
        '--ip6',
        'fd00::5',
        '--mac-address',
        '02:00:00:00:00:01'
      ],
      { networks: [{ name: 'a', ips: ['10.0.0.5', 'fd00::5'], mac: '02:00:00:00:00:01' }] }
    ],
    [
      'gives addresses to the default network',
      ['--ip', '10.90.0.5'],
      { networks: [{ name: 'mooring', ips: ['10.90.0.5'] }] }
    ],
    [
      'gives aliases to every network',
      ['--network', 'a,b', '--network-alias', 'x', '--network-alias', 'y'],
      {
        networks: [
          { name: 'a', aliases: ['x', 'y'] },
          { name: 'b', aliases: ['x', 'y'] }
        ]
      }
    ],
    [
      'publishes exposed ports',
      ['--expose', '80-81', '-P', '--expose', '53/udp'],
      {
        expose: [
          { port: 80, range: 2, protocol: 'tcp' },
          { port: 53, range: 1, protocol: 'udp' }
        ],
        publishAll: true
      }
    ],
    [
      'publishes ports',
      ['-p', '8080:80', '--publish', '127.0.0.1::53/udp'],
      {
        ports: [
          { hostIp: '', hostPort: 8080, containerPort: 80, range: 1, protocol: 'tcp' },
          { hostIp: '127.0.0.1', hostPort: 0, containerPort: 53, range: 1, protocol: 'udp' }
        ]
      }
    ]
  ])('%s', async (_, options, input) => {
    inputs.length = 0;

    const ran = await mooring(['up', 'web', ...options], { up });

    expect(ran.err).toBe('');
    expect(inputs).toEqual([{ id: 'web', ...input }]);
  });

  it.each<[readonly string[], string]>([
    [
      ['--network', 'none', '--network', 'a'],
      '--network none cannot be combined with another network'
    ],
    [
      ['--network', 'none', '--ip', '10.0.0.5'],
      '--ip, --ip6, --mac-address and --network-alias need a network, not none'
    ],
    [
      ['--network', 'a,b', '--ip', '10.0.0.5'],
      '--ip, --ip6 and --mac-address need exactly one network, 2 are given; use --network NAME:ip=…,mac=…'
    ],
    [['--ip', 'fd00::1'], '--ip "fd00::1" is not an IPv4 address'],
    [['--ip6', '10.0.0.1'], '--ip6 "10.0.0.1" is not an IPv6 address'],
    [['-p', '99999:80'], 'host port 99999 must be 1 to 65535'],
    [['--nonsense'], "unknown option '--nonsense'"],
    [['too-many'], "too many arguments for 'up'. Expected 1 argument but got 2."]
  ])('refuses %j', async (options, message) => {
    const ran = await mooring(['up', 'web', ...options], { up });

    expect(ran).toMatchObject({ code: 125, out: '', err: `Error: ${message}\n`, closed: true });
  });

  it.each([
    ['network.notFound', 1],
    ['network.inUse', 2],
    ['cni.11', 125]
  ])('ends after %s with %i', async (code, exit) => {
    const refuse = () => Promise.reject(new MooringError(code, 'no\nsuch luck'));

    const ran = await mooring(['up', 'web'], { up: refuse });

    expect(ran).toMatchObject({ code: exit, out: '', err: 'Error: no such luck\n', closed: true });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143]
  ] as const)('unwinds at %s before it ends with %i', async (signal, exit) => {
    const interrupts = new Set<(cause: Interrupt) => void>();
    const steps: string[] = [];
    const unwinding: Mooring['up'] = async (_, options) => {
      interrupts.forEach((interrupt) => interrupt(signal));
      await Promise.resolve();
      steps.push('unwound');
      throw options?.signal?.reason;
    };

    const ran = await mooring(['up', 'web'], { up: unwinding }, { interrupts });

    expect(steps).toEqual(['unwound']);
    expect(ran).toMatchObject({
      code: exit,
      err: `Error: interrupted by ${signal}\n`,
      closed: true
    });
    expect(interrupts.size).toBe(0);
  });

  it('ends at once at the second signal', async () => {
    const interrupts = new Set<(cause: Interrupt) => void>();
    const codes: number[] = [];
    const stubborn: Mooring['up'] = (_, options) => {
      for (const interrupt of interrupts) {
        interrupt('SIGINT');
        interrupt('SIGINT');
      }
      return Promise.reject(options?.signal?.reason as Error);
    };

    await mooring(
      ['up', 'web'],
      { up: stubborn },
      { interrupts, quit: (code) => codes.push(code) }
    );

    expect(codes).toEqual([130]);
  });

  it('says on a terminal what it waits for, and wipes it away', async () => {
    vi.useFakeTimers();
    const { events$, emit } = eventSource();
    const slow: Mooring['up'] = async () => {
      emit({ type: 'container.up', container: 'web', spec: viewOf('web').spec });
      await vi.advanceTimersByTimeAsync(1000);
      emit({ type: 'resources.held', container: 'web', attachments: [], ports: [], netns: null });
      return { netns: '/run/netns/mooring-web' } as Container;
    };

    const ran = await mooring(['up', 'web'], { up: slow, events$ }, { isTty: true }).finally(() =>
      vi.useRealTimers()
    );

    const erase = '\r\u001b[K';
    expect(ran.err).toBe(
      `${erase}web: preparing ports, networks and namespace${erase}web: finishing${erase}`
    );
  });
});

describe('down', () => {
  const known = new Set(['a', 'b', 'c']);
  const down: Mooring['down'] = (id) => {
    if (id === 'stuck') return Promise.reject(new MooringError('cni.11', 'busy'));
    return known.has(id) ? Promise.resolve() : Promise.reject(containerNotFound(id));
  };

  it('prints the ids in the given order, each once', async () => {
    const ran = await mooring(['down', 'b', 'a', 'b'], { down });

    expect(ran).toMatchObject({ code: 0, out: 'b\na\n', err: '' });
  });

  it('goes on past failures', async () => {
    const ran = await mooring(['down', 'x', 'a', 'stuck', 'b'], { down });

    expect(ran).toMatchObject({
      code: 125,
      out: 'a\nb\n',
      err: 'Error: no container is named x\nError: busy\n'
    });
  });

  it('ignores unknown containers when it is told to, and nothing else', async () => {
    const ignored = await mooring(['down', '--ignore', 'x', 'a'], { down });
    const failed = await mooring(['down', '--ignore', 'stuck'], { down });

    expect(ignored).toMatchObject({ code: 0, out: 'a\n', err: '' });
    expect(failed).toMatchObject({ code: 125, err: 'Error: busy\n' });
  });

  it('takes down all, those whose record is broken included', async () => {
    const list: Mooring['list'] = () =>
      Promise.resolve({
        containers: [viewOf('a'), viewOf('b')],
        unreadable: [{ id: 'stuck', failure: { code: 'store.corrupt', message: 'broken' } }]
      });

    const ran = await mooring(['down', '--all'], { down, list });

    expect(ran).toMatchObject({ code: 125, out: 'a\nb\n', err: 'Error: busy\n' });
  });

  it.each([
    [['down'], 'name a container, or give --all'],
    [['down', '--all', 'a'], 'give containers or --all, not both']
  ])('refuses %j', async (argv, message) => {
    const ran = await mooring(argv, { down });

    expect(ran).toMatchObject({ code: 125, err: `Error: ${message}\n`, opened: [] });
  });

  it('stops waiting at SIGINT', async () => {
    const interrupts = new Set<(cause: Interrupt) => void>();
    const endless: Mooring['down'] = () => {
      interrupts.forEach((interrupt) => interrupt('SIGINT'));
      return new Promise(() => undefined);
    };

    const ran = await mooring(['down', 'a'], { down: endless }, { interrupts });

    expect(ran).toMatchObject({ code: 130, err: 'Error: interrupted by SIGINT\n', closed: true });
  });
});

describe('exec', () => {
  const inspect: Mooring['inspect'] = (id) =>
    id === 'web' ? Promise.resolve(viewOf('web')) : Promise.reject(containerNotFound(id));

  it('ends with the exit code of the command, which keeps its own options', async () => {
    const enter = vi.fn(() => Promise.resolve(7));

    const ran = await mooring(
      ['exec', 'web', '--', 'ip', '--version', '-4'],
      { inspect },
      { enter }
    );

    expect(ran).toMatchObject({ code: 7, out: '', err: '', closed: true });
    expect(enter).toHaveBeenCalledWith(expect.objectContaining({ netns: viewOf('web').netns }), [
      'ip',
      '--version',
      '-4'
    ]);
  });

  it('leaves signals to the command', async () => {
    const interrupts = new Set<(cause: Interrupt) => void>();
    const quit = vi.fn();
    const enter = () => {
      for (const interrupt of interrupts) {
        interrupt('SIGINT');
        interrupt('SIGINT');
      }
      return Promise.resolve(0);
    };

    const ran = await mooring(['exec', 'web', 'sh'], { inspect }, { enter, interrupts, quit });

    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(quit).not.toHaveBeenCalled();
  });

  it('refuses a container that has no netns', async () => {
    const gone = () => Promise.resolve(viewOf('web', { netns: null, state: 'failed' }));

    const ran = await mooring(['exec', 'web', 'sh'], { inspect: gone });

    expect(ran).toMatchObject({
      code: 125,
      err: 'Error: web is failed: container has no network namespace\n'
    });
  });

  it('refuses an unknown container', async () => {
    const ran = await mooring(['exec', 'x', 'sh'], { inspect });

    expect(ran).toMatchObject({ code: 125, err: 'Error: no container is named x\n' });
  });
});

function of(...names: readonly string[]): Omit<UpInput, 'id'> {
  return { networks: names.map((name) => ({ name })) };
}
