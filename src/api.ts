import type { Logger } from 'pino';
import type { Observable } from 'rxjs';
import type { MooringEvent } from './bus/events.ts';
import type { EngineEvent } from './model/engine-event.ts';
import type { Checked, Examination } from './model/examination.ts';
import type { NetworkSettings } from './model/network-settings.ts';
import type { NetworkFilter, NetworkInput, NetworkView } from './model/network-view.ts';
import type { Collected } from './model/garbage.ts';
import type { Failure } from './model/failure.ts';
import type { ContainerStats } from './model/stats.ts';
import type { ContainerView } from './model/view.ts';
import type { UplinkInput } from './model/uplink-input.ts';
import type { JournalRecord } from './store/store.ts';

/** What a host of the library works with; `Mooring.open` gives it. */
export interface Mooring {
  /**
   * Brings a container's network up, or finds it up already with the same spec.
   *
   * @param input checked here; nothing is changed when it is refused
   * @param options.signal aborting takes down again what was begun, then rejects with its reason
   * @throws MooringError `container.exists` when it is up with another spec; the failure's code when it could not be brought up
   */
  up(input: UpInput, options?: { readonly signal?: AbortSignal }): Promise<Container>;

  /**
   * Keeps what a container's network shall be, for a later `start`. It outlives `down`.
   *
   * @throws MooringError `container.exists` when it is known already with another spec
   */
  create(input: UpInput): Promise<ContainerView>;

  /** Brings up a container that was created, or has failed, with what is known of it. */
  start(id: string, options?: { readonly signal?: AbortSignal }): Promise<Container>;

  /**
   * Takes a container's network away. It resolves when nothing of it is left.
   *
   * @throws MooringError `container.notFound`; the failure's code when something could not be removed (state `stuck`)
   */
  down(id: string, options?: DownOptions): Promise<void>;

  /**
   * Makes the kernel hold what the container's record says, with every address kept.
   *
   * Rules alone are put back while traffic flows; what needs more is taken off and put on again.
   *
   * @param options.full takes every network off and puts it on again in any case
   * @throws MooringError `container.notUp`, `network.badMode`; the failure's code when the container could not be put right
   */
  reload(id: string, options?: { readonly full?: boolean }): Promise<ContainerView>;

  /**
   * Puts back what can be put back without taking anything away.
   *
   * @param options.because kept in the journal
   * @returns `degraded` with its drifts where that is not enough
   * @throws MooringError `container.notUp`, `container.notFound`
   */
  repair(id: string, options?: { readonly because?: string }): Promise<ContainerView>;

  /** Renders a container's files again, for when what they are made from has changed. */
  refresh(id: string): Promise<ContainerView>;

  /**
   * One network more. A container that is down has it from its next start.
   *
   * @throws MooringError `network.connected`, `network.notFound`, `network.badMode`, `container.notFound`; the plugin's failure, and then nothing has changed
   */
  connect(id: string, network: AttachmentInput): Promise<ContainerView>;

  /**
   * One network less. Ports that it published go to the next network that can publish.
   *
   * @throws MooringError `network.notConnected`, `network.badMode`, `container.notFound`; the plugin's failure, and then it still is a member
   */
  disconnect(id: string, network: string): Promise<ContainerView>;

  /**
   * A container as it stands; one that a dead process left half-way is first brought to rest.
   *
   * @throws MooringError `container.notFound`
   */
  inspect(id: string): Promise<ContainerView>;

  /**
   * Its `NetworkSettings` as Docker and podman inspect them; of one that shares another's netns,
   * that other's.
   *
   * @throws MooringError `container.notFound`
   */
  networkSettings(id: string): Promise<NetworkSettings>;

  /**
   * What it shall have, what was recorded, and what the kernel holds. It changes nothing.
   *
   * @throws MooringError `container.notFound`
   */
  examine(id: string): Promise<Examination>;

  /**
   * Asks its plugins by CHECK, and the kernel, whether all is there that was made. It changes nothing.
   *
   * @throws MooringError `container.notFound`, `container.notUp`
   */
  check(id: string): Promise<Checked>;

  /**
   * What its interfaces have carried; of one that shares another's netns, that other's.
   *
   * @throws MooringError `container.notFound`, `netns.gone`, `netns.replaced`
   */
  stats(id: string): Promise<ContainerStats>;

  /** Every container, by id. It reads only, and waits for no one. */
  list(): Promise<ContainerList>;

  /** Brings every container that a dead process left half-way to rest. Idempotent. */
  recover(options?: RecoverOptions): Promise<readonly Recovered[]>;

  /**
   * Removes what is Mooring's and whose owner is gone, as its own records show; nothing else.
   *
   * @param options.dryRun lists the same and changes nothing
   */
  gc(options?: { readonly dryRun?: boolean }): Promise<Collected>;

  readonly networks: Networks;

  /** The hosts that share this store. Each throws `store.notShared` where one host has it for itself. */
  readonly hosts: Hosts;

  /**
   * What this process commits, from now on. Completes on `close`.
   *
   * An error that a subscriber throws is the host's, reported as rxjs reports it; the others are served.
   */
  readonly events$: Observable<MooringEvent>;

  /**
   * What every process of this store has committed (`follow: false`), or commits from now on.
   *
   * @param options.signal ends the iteration
   */
  events(options: {
    readonly follow: boolean;
    readonly signal?: AbortSignal;
  }): AsyncIterable<JournalRecord>;

  /**
   * The same under Docker's and podman's names: networks that come and go, containers that are
   * connected to them, and where containers come to rest. Each is told once it is committed.
   */
  engineEvents(options: {
    readonly follow: boolean;
    readonly signal?: AbortSignal;
  }): AsyncIterable<EngineEvent>;

  /**
   * The journal of a container, or of its last life when it is gone.
   *
   * @throws MooringError `container.notFound`
   */
  journal(id: string): AsyncIterable<JournalRecord>;

  /**
   * The journals of containers, and of what is theirs alone, as the lines of one file: what
   * `mooring replay` and `mooring/testing` read.
   *
   * @throws MooringError `container.notFound`
   */
  exportJournals(what: JournalExport): AsyncIterable<string>;

  /**
   * Takes journals that were exported elsewhere, to be read here; no container comes of it.
   *
   * @returns what was taken: `['container/web', 'namespace/web']`
   * @throws MooringError `journal.exists`, `journal.bad`, `journal.cutOff`, `journal.badVersion`, `journal.unreadable`, `journal.notTaken`
   */
  importJournals(path: string): Promise<readonly string[]>;

  /** Waits for what is under way, then frees everything this process holds. Networks stay as they are. */
  close(): Promise<void>;
}

/** What hosts of one store see of each other, and do for each other. */
export interface Hosts {
  /** Every host that has been here, by name. */
  list(): Promise<readonly HostStatus[]>;

  /**
   * Another host. Its containers, events and journals are read from the store; everything else is
   * done by its agent.
   *
   * Its promises reject with `host.noAgent` when none is alive, and nothing is done; `host.agentLost`
   * when it died before it answered; `host.noAnswer`; and with what the agent was answered itself.
   * `events$` is what is committed on that host, by whatever process. `close` does nothing.
   *
   * @throws MooringError `host.badName`
   */
  at(host: string): Mooring;

  /** The containers of every host, by host. */
  containers(): Promise<readonly HostContainers[]>;

  /** What any process of any host commits, from the subscription on. */
  readonly events$: Observable<JournalRecord>;

  /** The same, until the signal aborts. */
  events(options: { readonly signal: AbortSignal }): AsyncIterable<JournalRecord>;

  /**
   * Brings a container of a dead host up here, with its spec and its static addresses. From then on
   * its old host can take it down, and nothing else.
   *
   * @returns the container, up here
   * @throws MooringError `host.alive`, `lease.timedOut` while somebody works on it, `container.notFound`,
   *   `container.takenOver`, `container.notMovable`; the failure's code when it could not be brought up, and then it is given back
   */
  takeOver(host: string, container: string): Promise<Container>;

  /**
   * Drops what the store knows of a host that will not return.
   *
   * @throws MooringError `host.alive` while its agent is; `host.notFound`
   */
  forget(host: string): Promise<void>;
}

export interface HostStatus {
  readonly host: string;
  /** Its agent, if one is alive: process id, and since when in milliseconds since the epoch. */
  readonly agent: { readonly pid: number; readonly since: number } | null;
}

export interface HostContainers extends HostStatus, ContainerList {}

/** Where Mooring keeps and looks for things; everything has a default. */
export interface MooringOptions {
  /**
   * State directory, absolute; default `/var/lib/mooring`, and for a user without root
   * `$XDG_DATA_HOME/mooring` or `~/.local/share/mooring`. Two roots know nothing of each other.
   */
  readonly root?: string;
  /**
   * `embedded` (default): files below `root`, for the processes of one host. A URL of Redis
   * (docs/redis.md): shared by any number of hosts, beside those files.
   */
  readonly store?: string;
  /** Name of this host among those that share a store; default the kernel's host name. */
  readonly hostName?: string;
  /**
   * Conflists; default `/etc/cni/net.d`, and for a user without root `$XDG_CONFIG_HOME/cni/net.d`
   * or `~/.config/cni/net.d`.
   */
  readonly confDir?: string;
  /** CNI plugins, searched in this order; default as podman's. */
  readonly pluginDirs?: readonly string[];
  /** `fatal` to `trace`, or `silent`; default `warn`. Logs go to stderr as JSON. */
  readonly logLevel?: string;
  /** A pino logger of the host's, instead of `logLevel`. */
  readonly logger?: Logger;
  /**
   * We run in a virtual machine that podman made: its address is given to plugins at ADD as
   * `PODMAN_MACHINE_HOST`, and networks are created with the plugin podman-machine. Default `false`.
   */
  readonly machine?: boolean;
  /** How long one plugin may take, milliseconds; default 60,000. */
  readonly pluginTimeoutMs?: number;
  /** How long to wait while another process works on the same container, milliseconds; default 120,000. */
  readonly lockTimeoutMs?: number;
  /**
   * Whether published host ports are kept bound, so that no other program takes them; default `true`.
   * A process `sleep` of each container that publishes any holds them, 1,000 ports at most.
   */
  readonly reservePorts?: boolean;
  /**
   * What would change anything is refused with `mooring.readOnly`. So a user without root may look
   * from outside of the private host. Default `false`.
   */
  readonly readOnly?: boolean;
  /**
   * Whether a slirp4netns may be started whose libslirp has faults that a container can reach, or does
   * not tell its version. Default `false`.
   */
  readonly allowVulnerableSlirp?: boolean;
  /** Plugins run at the same time by this process; default twice the cores. */
  readonly concurrency?: number;
}

export interface Container {
  readonly id: string;
  /** As it stood when the promise settled. */
  readonly view: ContainerView;
  /** Path of the netns, for `podman run --network ns:` and runc configs. */
  readonly netns: string;
  reload(): Promise<void>;
  down(): Promise<void>;
}

export interface DownOptions {
  /** A created container is forgotten too. */
  readonly forget?: boolean;
}

export interface UpInput {
  readonly id: string;
  /** Absent or empty: the default network. `'none'`: `lo` alone. */
  readonly networks?: readonly AttachmentInput[] | 'none';
  readonly ports?: readonly PortInput[];
  /** Ports that it serves: `inspect` shows them, and `publishAll` publishes them. */
  readonly expose?: readonly ExposeInput[];
  /** Publishes every exposed port that `ports` does not, on a host port of Mooring's choice. */
  readonly publishAll?: boolean;
  /**
   * Where its netns comes from; absent: one is made.
   *
   * `pid`: that of a process, in which networks are attached. `path`: one that stands there.
   * `container`: another container's. `host`: the host's own. In the last three no network can be attached.
   */
  readonly netns?: NetnsInput;
  /** In place of networks: a program that connects it with the host's network. */
  readonly uplink?: UplinkInput;
  /** Default: the id. */
  readonly hostname?: string;
  /** For its resolv.conf; what is absent comes from its networks or the host. `'none'`: it gets no file. */
  readonly dns?: DnsInput | 'none';
  readonly hosts?: HostsInput;
}

export interface JournalExport {
  /** Ids; `all`: every actor that there is now, networks included. */
  readonly containers: readonly string[] | 'all';
  /** Stand-ins take the place of names, addresses, texts and times. */
  readonly redact?: boolean;
}

export interface DnsInput {
  /** Addresses, instead of those of its networks and the host. */
  readonly servers?: readonly string[];
  /** Domains, `'.'` for none at all. */
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

export interface HostsInput {
  /** `NAME:ADDRESS` each, split at the first colon; the address may be `host-gateway`. */
  readonly add?: readonly string[];
  /** It gets no hosts file; nothing else may then be said of it. */
  readonly none?: boolean;
  /** Absolute path of the file to begin with; default `/etc/hosts`. */
  readonly file?: string;
}

export type NetnsInput =
  { readonly pid: number } | { readonly path: string } | { readonly container: string } | 'host';

export interface AttachmentInput {
  readonly name: string;
  readonly ips?: readonly string[];
  readonly mac?: string;
  readonly aliases?: readonly string[];
  /** Default: the first free of eth0, eth1 … */
  readonly interfaceName?: string;
}

export interface PortInput {
  /** Absent or 0: Mooring chooses. */
  readonly hostPort?: number;
  readonly containerPort: number;
  /** Absent or `''`: every address. */
  readonly hostIp?: string;
  /** How many ports, default 1. */
  readonly range?: number;
  /** `tcp` (default), `udp`, `sctp`, or several with commas between them. */
  readonly protocol?: string;
  /**
   * Who publishes it, where there is a choice: without root and for a container with an uplink.
   *
   * `forward`: a forwarder, which the client's address does not get past. `hostfwd`: slirp4netns, which
   * keeps it. Absent: what is usual there.
   */
  readonly via?: 'forward' | 'hostfwd' | 'slirp4netns' | 'pasta';
}

export interface ExposeInput {
  /** First container port. */
  readonly port: number;
  /** How many ports, default 1. */
  readonly range?: number;
  /** As of a {@link PortInput}. */
  readonly protocol?: string;
}

export interface ContainerList {
  readonly containers: readonly ContainerView[];
  /** Records that could not be read, each with its failure. */
  readonly unreadable: readonly { readonly id: string; readonly failure: Failure }[];
}

export interface RecoverOptions {
  /** What to do about one that another process is working on: `wait` (default) until it is done, or `skip` it. */
  readonly busy?: 'wait' | 'skip';
}

export interface Recovered {
  readonly id: string;
  /** State in which it rests now; absent when recovery itself failed. */
  readonly state?: ContainerView['state'];
  readonly failure?: Failure;
}

export interface Networks {
  /** @throws MooringError `network.exists`, `network.bad…` */
  create(input: NetworkInput): Promise<NetworkView>;
  list(filters?: readonly NetworkFilter[]): Promise<NetworkList>;
  /** @param name name, id, or unique prefix of an id; throws MooringError `network.notFound`, `network.ambiguous` */
  inspect(name: string): Promise<NetworkView>;
  /**
   * A network and what was kept of its addresses. It is in use by containers that are only created too.
   *
   * @param options.force takes the containers that use it down first; created ones lose it
   * @throws MooringError `network.notFound`, `network.isDefault`, `network.inUse` naming the containers, or the interfaces of others on its bridge
   */
  remove(name: string, options?: { readonly force?: boolean }): Promise<string>;
  /**
   * Removes what nobody uses of the networks that were made by Mooring, the default one left out.
   *
   * @param filters of the keys `label`, `label!` and `until`
   * @throws MooringError `network.badFilter`
   */
  prune(filters?: readonly NetworkFilter[]): Promise<Pruned>;
  exists(name: string): Promise<boolean>;
}

export interface Pruned {
  /** Names. */
  readonly removed: readonly string[];
  /** Of networks that nobody uses and that could not be removed. */
  readonly problems: readonly Failure[];
}

export interface NetworkList {
  readonly networks: readonly NetworkView[];
  /** Conflist files that could not be used; they hide no others. */
  readonly problems: readonly Failure[];
}
