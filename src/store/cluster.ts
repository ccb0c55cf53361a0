import type { Failure } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { Store, JournalRecord, StoredActor } from './store.ts';

/** What a store can do besides that several hosts share. */
export interface Cluster {
  /**
   * Makes what the others see of this host what the host itself knows, after the store was away
   * or has come back with less than it had.
   *
   * @returns what could not be done
   * @throws MooringError `store.…` while it is away
   */
  reconcile(): Promise<readonly Failure[]>;
  /** @returns what takes the listener away; it is called whenever the store can be used again */
  onReturn(listener: () => void): () => void;

  /** Every host that has been here, by name. */
  hosts(): Promise<readonly HostStatus[]>;
  /** @throws MooringError `host.alive` while its agent is; everything of it that others see is dropped */
  dropHost(host: string): Promise<void>;
  /** What a host has recorded; its own journal may be longer. */
  at(host: string): HostView;
  /** Records of every host as they are committed, from this call on. */
  followAll(signal: AbortSignal): AsyncIterable<JournalRecord>;

  /** Says until it is closed that this host has an agent, which carries out what others ask of it. */
  serve(carryOut: CarryOut): Promise<{ close(): Promise<void> }>;
  /**
   * Asks the agent of a host for something and waits for its answer.
   *
   * @throws MooringError `host.noAgent` when none is alive, and nothing is done; `host.agentLost` when it died before it answered; `host.noAnswer` after `withinMs`; what the agent was answered itself
   */
  ask(host: string, order: Order, options: AskOptions): Promise<Json>;

  /**
   * Takes a container away from a host that is dead: nothing may begin it there any more.
   *
   * @returns where it rested
   * @throws MooringError `host.alive` while its agent is, `lease.timedOut` while somebody works on it, `container.notFound`, `container.takenOver`
   */
  takeOver(host: string, container: string): Promise<StoredActor>;
  /** Gives it back, when it could not be brought up here. */
  giveBack(host: string, container: string): Promise<void>;
  /** Ids of this host's containers that others have taken over, to be taken down here. */
  takenOver(): Promise<readonly string[]>;

  readonly networks: SharedNetworks;
  readonly addresses: SharedAddresses;
}

export interface HostStatus {
  readonly host: string;
  /** Its agent, if one is alive. */
  readonly agent: { readonly pid: number; readonly since: number } | null;
}

export type HostView = Pick<Store, 'list' | 'journal' | 'follow' | 'ended'> & {
  /** Boot of the host when it was last at work; `undefined` when it has never been. */
  boot(): Promise<string | undefined>;
};

/** Something to be done on another host. */
export interface Order {
  /** Name of a verb, `up`. */
  readonly verb: string;
  readonly args: readonly Json[];
}

export interface AskOptions {
  readonly withinMs: number;
  /** Aborting asks the agent to unwind, and still waits for its answer. */
  readonly signal?: AbortSignal;
}

/** @param signal aborts when the asker does */
export type CarryOut = (order: Order, signal: AbortSignal) => Promise<Json>;

/** A network that was defined on one host, for all. */
export interface SharedNetwork {
  readonly name: string;
  /** Where it was defined. */
  readonly host: string;
  /** Text of its conflist. */
  readonly conflist: string;
  /** CIDRs, which no other may overlap. */
  readonly subnets: readonly string[];
}

export interface SharedNetworks {
  /** Grows with every change. */
  version(): Promise<number>;
  list(): Promise<readonly SharedNetwork[]>;
  /** @throws MooringError `network.exists`, `network.subnetReserved` naming network and host */
  define(network: Omit<SharedNetwork, 'host'>): Promise<void>;
  /** One that is not there is removed already. */
  remove(name: string): Promise<void>;
  /** Calls when there is something new, until the signal aborts. */
  watch(onChange: () => void, signal: AbortSignal): Promise<void>;
}

/** A static address of a container on a network. */
export interface SharedAddress {
  readonly network: string;
  readonly address: string;
}

export interface SharedAddresses {
  /**
   * All or none, for a container of this host.
   *
   * @param from whose they may be so far: of a container that was taken over
   * @throws MooringError `address.reserved` naming the other container and its host
   */
  reserve(container: string, addresses: readonly SharedAddress[], from?: Owner): Promise<void>;
  /** Those that are its own. */
  release(container: string, addresses: readonly SharedAddress[]): Promise<void>;
  list(): Promise<readonly (SharedAddress & { readonly owner: Owner })[]>;
}

export interface Owner {
  readonly host: string;
  readonly container: string;
}
