import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect } from 'vitest';
import type { MooringOptions, UpInput } from '../../src/api.ts';
import type { Failure } from '../../src/model/failure.ts';
import type { ContainerView } from '../../src/model/view.ts';
import { expectUnchanged, type HostState } from '../sandbox/host-state.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** What a process of its own does with the library. */
export interface Plan {
  readonly options?: MooringOptions;
  readonly steps: readonly Step[];
  /** Index of the step at which counting begins. */
  readonly from?: number;
  /** The boundary at which it sends itself `signal`, from 1; 0 for none. */
  readonly stopAt?: number;
  readonly signal?: 'SIGKILL' | 'SIGSTOP';
  /** Kills it while a plugin, or `iptables`, is at work. */
  readonly trip?: Trip;
}

export type Step =
  | { readonly up: UpInput }
  | { readonly down: string }
  | { readonly inspect: string }
  | { readonly recover: true }
  | { readonly list: true }
  | { readonly sh: string };

export interface Trip {
  readonly home: string;
  /** Which of the times a plugin or `iptables` begins or ends, from 1. */
  readonly at: number;
  /** What the program does then. */
  readonly then: Fate;
}

/** `linger`: goes on after 0.4 s; `die`: its process group is killed; `hang`: never ends. */
export type Fate = 'go on' | 'linger' | 'die' | 'hang';

export interface Played {
  /** By name, in order: `before cni.add`, `after commit`. */
  readonly boundaries: readonly string[];
  /** Of each step. */
  readonly results: readonly { readonly value?: unknown; readonly error?: Failure }[];
}

const FIXTURE = fileURLToPath(new URL('crash.fixture.mjs', import.meta.url));
const TRIP = new URL('crash-trip.fixture.sh', import.meta.url);

export const web: UpInput = {
  id: 'web',
  networks: [{ name: 'front' }],
  ports: [{ hostPort: 8080, containerPort: 80 }]
};

/** The chain that most of the tests use, and the one with every plugin that podman's has. */
export const CHAINS = { short: [], full: [{ type: 'firewall' }, { type: 'tuning' }] } as const;

export function argvOf(plan: Plan): string[] {
  return [process.execPath, FIXTURE, JSON.stringify(plan)];
}

/** @returns `undefined` when it was killed */
export async function play(host: Sandbox, plan: Plan): Promise<Played | undefined> {
  const { code, stdout, stderr } = await host.run(argvOf(plan));
  expect(stderr).toBe('');
  if (code === null) return undefined;
  expect(code).toBe(0);
  return JSON.parse(stdout) as Played;
}

/** The boundaries of a plan for `web` that nothing interrupts; it is taken down after that. */
export async function boundariesOf(host: Sandbox, plan: Plan): Promise<readonly string[]> {
  const played = await play(host, plan);
  expect(played!.results.filter(({ error }) => error)).toEqual([]);
  await play(host, { ...plan, steps: [{ down: 'web' }] });
  return played!.boundaries;
}

/** Kills a process at each boundary of a plan in turn; what comes next differs, too. */
export async function expectSurvives(host: Sandbox, plan: Plan, front: Front): Promise<void> {
  const boundaries = await boundariesOf(host, plan);
  expect(boundaries.length).toBeGreaterThan(20);
  for (const [index, boundary] of boundaries.entries()) {
    const killed = await play(host, { ...plan, stopAt: index + 1 });
    expect(killed).toBeUndefined();
    await explained(`killed ${boundary} (${index + 1})`, () =>
      expectConverges(host, nextAt(index), front)
    );
  }
}

/** Puts in front of a failure at which crash it came. */
export async function explained(where: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(where, { cause: error });
  }
}

/**
 * What comes after a crash: the next command, then what the records say against what the
 * kernel has, then `down`, after which the host must be as before.
 */
export async function expectConverges(
  host: Sandbox,
  next: Step,
  { before, options }: Front
): Promise<void> {
  const steps = [next, { list: true }, { sh: TRACES }, { down: 'web' }] as const;
  const played = await play(host, { options, steps });
  const [done, listed, traces, down] = played!.results;
  const views = listed!.value as readonly ContainerView[];

  expect(answerOf(done!.error, views), JSON.stringify(next)).toBe('');
  expect((traces!.value as string).split('\n').filter(Boolean)).toEqual(views.flatMap(tracesOf));
  expect(views.filter(({ pending }) => pending)).toEqual([]);
  expect(down!.error?.code ?? 'container.notFound').toBe('container.notFound');
  expectUnchanged(before, await host.snapshot());
}

/** The commands that may come next, in turn. */
export function nextAt(index: number): Step {
  const steps: readonly Step[] = [
    { recover: true },
    { up: web },
    { down: 'web' },
    { inspect: 'web' }
  ];
  return steps[index % steps.length]!;
}

/** A sandbox with a network `front` in it. */
export interface Front {
  /** The host while nothing is up. */
  readonly before: HostState;
  readonly options: MooringOptions;
}

/** Makes the network `front` of bridge, portmap and `plugins`, and fills the caches. */
export function useFront(
  host: Sandbox,
  plugins: readonly object[],
  options: MooringOptions = {}
): Front {
  const front = { options } as { before: HostState; options: MooringOptions };
  beforeAll(async () => {
    const conflist = { cniVersion: '1.0.0', name: 'front', plugins: [BRIDGE, PORTMAP, ...plugins] };
    const script = 'mkdir -p /etc/cni/net.d; cat >/etc/cni/net.d/front.conflist';
    const { code } = await host.run(['sh', '-c', script], { input: JSON.stringify(conflist) });
    expect(code).toBe(0);
    await boundariesOf(host, { options, steps: [{ up: web }] });
    front.before = await host.snapshot();
  });
  return front;
}

/** Puts the doubles of crash-trip.fixture.sh in place of the plugins and of iptables. */
export function useTrips(host: Sandbox) {
  const home = mkdtempSync(join(tmpdir(), 'mooring-trip-'));
  const bin = join(home, 'bin');
  const text = readFileSync(TRIP, 'utf8').replace('@HOME@', home);
  const script = join(home, 'trip');
  writeFileSync(script, text);
  chmodSync(script, 0o755);
  mkdirSync(bin);
  for (const type of ['bridge', 'host-local', 'portmap']) symlinkSync(script, join(bin, type));
  beforeAll(async () => {
    const { code, stderr } = await host.run(['sh', '-euc', IPTABLES, 'sh', home]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
  afterAll(() => rmSync(home, { recursive: true }));
  return {
    home,
    options: { pluginDirs: [bin] },
    points: () => readFileSync(join(home, 'points'), 'utf8').trim().split('\n')
  };
}

// All of its names are one program, which knows them by the name it is called by.
const IPTABLES = `
mkdir "$1/real"
cp /usr/sbin/xtables-nft-multi "$1/real/"
for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
  ln -s xtables-nft-multi "$1/real/$name"
done
mount --bind "$1/trip" /usr/sbin/xtables-nft-multi
`;

const BRIDGE = {
  type: 'bridge',
  bridge: 'front0',
  isGateway: true,
  ipMasq: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.30.0.0/24' }]] }
};
const PORTMAP = { type: 'portmap', capabilities: { portMappings: true } };

/** Everything on the host that tells of the container, a line each. */
const TRACES = String.raw`
nsenter --net=/run/netns/mooring-web ip -4 -o addr show dev eth0 2>/dev/null |
  sed -n 's|.* inet \([^/]*\)/.*|address \1|p'
ip -br link show type bridge | sed 's/ .*//;s/^/bridge /'
iptables-save -t nat | sed -n 's/^:\(CNI\(-DN\)\?\)-[0-9a-f]\{21\}.*/chain \1/p' | sort
iptables-save -t nat | sed -n 's/.* -j DNAT --to-destination /dnat /p'
grep -ls web /var/lib/cni/networks/front/10.* | sed 's|.*/|lease |'
ls -d /run/netns/mooring-web 2>/dev/null
grep -lsz '^MOORING_PORTS=/var/lib/mooring:web$' /proc/[0-9]*/environ | sed 's/.*/keeper/'
grep -lsz ^MOORING_OPERATION= /proc/[0-9]*/environ
true
`;

function tracesOf({ state, attachments }: ContainerView): string[] {
  const [ip] = attachments[0]?.result?.ips ?? [];
  if (state !== 'up' || ip === undefined) return state === 'failed' ? [] : [`state ${state}`];
  const address = ip.address.replace(/\/.*/, '');
  return [
    `address ${address}`,
    'bridge front0',
    'chain CNI',
    'chain CNI-DN',
    `dnat ${address}:80`,
    `lease ${address}`,
    '/run/netns/mooring-web',
    'keeper'
  ];
}

// A command may find the container unwound or gone, and nothing else.
function answerOf(error: Failure | undefined, views: readonly ContainerView[]): string {
  if (error === undefined) return '';
  const [view] = views;
  if (error.code === (view?.failure?.code ?? 'container.notFound')) return '';
  return `${error.code}: ${error.message}`;
}
