import type {
  ContainerView,
  JournalRecord,
  Mooring,
  MooringEvent,
  MooringOptions,
  NetworkView
} from '../../src/index.ts';
import type { Deps, Interrupt, Library, Output } from '../../src/cli/deps.ts';
import { run } from '../../src/cli/program.ts';
import { engineEventText } from '../../src/model/engine-event.ts';
import { MooringError } from '../../src/model/failure.ts';
import { parseNetworkOption } from '../../src/model/network-option.ts';
import { totalOf } from '../../src/model/stats.ts';
import { DEFAULT_NETWORK } from '../../src/model/network.ts';
import { networkMode } from '../../src/model/network-settings.ts';
import { networkSettings } from '../../src/network-settings.ts';
import { sourceAddressOf } from '../../src/model/port-handler.ts';
import { parseExpose, parsePublish } from '../../src/model/port.ts';

/** What a command line said and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What the library was opened with; one a call. */
  readonly opened: readonly MooringOptions[];
  /** Whether the library was closed as often as it was opened. */
  readonly closed: boolean;
}

export interface World {
  readonly env?: Readonly<Record<string, string>>;
  readonly isTty?: boolean;
  readonly now?: number;
  readonly enter?: Deps['enter'];
  readonly quit?: Deps['quit'];
  /** Absent: standard input is no terminal. */
  readonly ask?: Deps['ask'];
  /** Taken by the test, to interrupt the command. */
  readonly interrupts?: Set<(cause: Interrupt) => void>;
}

/** The parts of the library that a test gives. */
export type FakeLibrary = Partial<Mooring & Pick<Library, 'doctor'>>;

/** Runs `mooring …` on a library of which the test gives the parts that the command uses. */
export async function mooring(
  argv: readonly string[],
  library: FakeLibrary = {},
  world: World = {}
): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const opened: MooringOptions[] = [];
  let closed = 0;
  const isTty = world.isTty ?? false;

  const code = await run(argv, {
    library: () => Promise.resolve(libraryOf(open, library.doctor)),
    testing: () => import('../../src/testing.ts'),
    stdout: outputTo(out, isTty),
    stderr: outputTo(err, isTty),
    env: world.env ?? {},
    now: () => world.now ?? 0,
    onInterrupt(listener) {
      world.interrupts?.add(listener);
      return () => void world.interrupts?.delete(listener);
    },
    enter: world.enter ?? (() => Promise.reject(new Error('nothing is to be entered'))),
    hurry: () => undefined,
    quit: world.quit ?? (() => undefined),
    ...(world.ask ? { ask: world.ask } : {})
  });
  return { code, out: out.join(''), err: err.join(''), opened, closed: closed === opened.length };

  function open(options: MooringOptions = {}): Promise<Mooring> {
    opened.push(options);
    const { inspect } = library;
    return Promise.resolve({
      events$: silence,
      ...(inspect && { networkSettings: async (id: string) => networkSettings(await inspect(id)) }),
      list: () => Promise.resolve({ containers: [], unreadable: [] }),
      ...library,
      close: () => {
        closed += 1;
        return Promise.resolve();
      }
    } as Mooring);
  }
}

export function containerNotFound(id: string): MooringError {
  return new MooringError('container.notFound', `container ${id} is unknown`);
}

export function networkNotFound(name: string): MooringError {
  return new MooringError('network.notFound', `network ${name} is unknown`);
}

export function viewOf(id: string, parts: Partial<ContainerView> = {}): ContainerView {
  return {
    id,
    state: 'up',
    pending: false,
    spec: { id, networks: [{ network: 'front', ifName: 'eth0' }], ports: [] },
    netns: { path: `/run/netns/mooring-${id}`, device: '4', inode: '4026532000' },
    attachments: [
      {
        network: 'front',
        ifName: 'eth0',
        aliases: [],
        result: { cniVersion: '1.1.0', ips: [{ address: '10.90.0.2/24', gateway: '10.90.0.1' }] }
      }
    ],
    ports: [],
    uplink: null,
    files: null,
    failure: null,
    drifts: [],
    leftovers: [],
    since: 0,
    ...parts
  };
}

export function networkOf(name: string, parts: Partial<NetworkView> = {}): NetworkView {
  return {
    name,
    id: '6073aefe03cdf8f29be5b23ea9795c431868a3a22066a6290b187691614fee84',
    driver: 'bridge',
    network_interface: 'mooring1',
    created: '2026-01-01T00:00:00.000Z',
    subnets: [{ subnet: '10.90.1.0/24', gateway: '10.90.1.1' }],
    ipv6_enabled: false,
    internal: false,
    dns_enabled: false,
    labels: {},
    options: {},
    ipam_options: { driver: 'host-local' },
    cniVersion: '1.0.0',
    plugins: [{ type: 'bridge' }, { type: 'portmap' }],
    file: `/etc/cni/net.d/${name}.conflist`,
    ...parts
  };
}

export function recordOf(event: MooringEvent, key: string, seq = 1): JournalRecord {
  return {
    v: 1,
    seq,
    time: 0,
    host: 'here',
    boot: 'boot',
    key,
    token: 1,
    machine: 'container:1',
    event,
    requests: [],
    value: 'up',
    causation: null,
    correlation: 'c',
    hash: 'h'
  };
}

export async function* iterate<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  await Promise.resolve();
  yield* items;
}

/** An observable that tells the test who listens. */
export function eventSource(): {
  readonly events$: Mooring['events$'];
  emit(event: MooringEvent): void;
} {
  const listeners = new Set<(event: MooringEvent) => void>();
  const events$ = {
    subscribe(listener: (event: MooringEvent) => void) {
      listeners.add(listener);
      return { unsubscribe: () => listeners.delete(listener) };
    }
  };
  return {
    // Of an observable the command line uses `subscribe` alone.
    events$: events$ as unknown as Mooring['events$'],
    emit: (event) => listeners.forEach((listener) => listener(event))
  };
}

const silence = eventSource().events$;

function libraryOf(
  openMooring: Library['openMooring'],
  doctor: Library['doctor'] = () => Promise.resolve([])
): Library {
  return {
    openMooring,
    openAgent: () => Promise.resolve({ close: () => Promise.resolve() }),
    openInspector: () => Promise.reject(new Error('nothing is to be inspected')),
    notify: () => undefined,
    doctor,
    parseExpose,
    parsePublish,
    parseNetworkOption,
    networkMode,
    sourceAddressOf,
    engineEventText,
    totalOf,
    DEFAULT_NETWORK
  };
}

function outputTo(parts: string[], isTty: boolean): Output {
  return {
    write(text) {
      parts.push(text);
      return true;
    },
    drained: () => Promise.resolve(),
    isTty,
    columns: 80
  };
}
