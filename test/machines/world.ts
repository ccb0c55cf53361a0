import { createActor, type ActorRefFrom, type SnapshotFrom } from 'xstate';
import type { ContainerEvent } from '../../src/bus/events.ts';
import { refusalOf, type EffectRequest } from '../../src/bus/requests.ts';
import { containerMachine } from '../../src/machines/container.ts';
import type { Failure } from '../../src/model/failure.ts';
import type { Drift } from '../../src/model/drift.ts';
import { container, failure, files, netns, plansOf, result, uplinkView } from './samples.ts';

/** A container's machine, and a host that answers what it asks when it is told to. */
export interface World {
  readonly actor: ActorRefFrom<typeof containerMachine>;
  /** All that was asked, in order: `cni.add front`. */
  readonly asked: string[];
  readonly waiting: readonly EffectRequest[];
  snapshot(): SnapshotFrom<typeof containerMachine>;
  send(event: ContainerEvent): void;
  /** Answers the oldest request as done. */
  grant(details?: Details): void;
  /** Answers the oldest request as refused. */
  refuse(why?: Failure): void;
  /** Answers the oldest request with this. */
  answer(fact: ContainerEvent): void;
  /** What was asked to be given back, in order. */
  readonly released: readonly object[];
  /** Grants requests until one of these is next, or none is left. */
  grantUntil(...asked: readonly string[]): void;
  /** Grants all there is until the machine rests. */
  settle(): void;
}

/** What an answer says beyond "done". */
export interface Details {
  readonly suspect?: boolean;
  readonly drifts?: readonly Drift[];
  readonly complete?: boolean;
}

/** @param options.rootless as in a private host, where a forwarder publishes the ports */
export function createWorld({ rootless = false }: { readonly rootless?: boolean } = {}): World {
  const asked: string[] = [];
  const released: object[] = [];
  const waiting: EffectRequest[] = [];
  const actor = createActor(containerMachine, { input: { container } });
  actor.on('*', (request) => {
    asked.push(brief(request));
    if (request.type === 'resources.release') {
      const { namespace, networks, rest } = request;
      released.push({ namespace, networks, rest });
    }
    waiting.push(request);
  });
  actor.start();

  const world: World = {
    actor,
    asked,
    waiting,
    released,
    answer(fact) {
      waiting.shift();
      actor.send(fact);
    },
    snapshot: () => actor.getSnapshot(),
    send: (event) => actor.send(event),
    grant: (details) => actor.send(granted(waiting.shift()!, rootless, details)),
    refuse: (why = failure) => actor.send(refusalOf(waiting.shift()!, why) as ContainerEvent),
    grantUntil(...stops) {
      for (let left = 100; waiting[0] && !stops.includes(brief(waiting[0])); left--) {
        if (left === 0) throw new Error('the machine comes to no rest');
        world.grant();
      }
    },
    settle: () => world.grantUntil()
  };
  return world;
}

/** `cni.add front`, `netns.create`: a request without its details. */
export function brief(request: EffectRequest): string {
  return 'attachment' in request ? `${request.type} ${request.attachment.network}` : request.type;
}

function granted(
  request: EffectRequest,
  rootless: boolean,
  { suspect = false, drifts = [], complete = true }: Details = {}
): ContainerEvent {
  switch (request.type) {
    case 'resources.hold': {
      const { networks, ports, namespace } = request;
      const attachments = plansOf(networks.map(({ network }) => network));
      return {
        type: 'resources.held',
        container,
        attachments,
        ports: rootless && ports ? ports.map((one) => ({ ...one, via: 'forward' })) : ports,
        netns: namespace === null ? null : netns,
        ...(rootless && { rootless })
      };
    }
    case 'outside.hold':
      return {
        type: 'outside.held',
        container,
        uplink: request.uplink && uplinkView,
        hostAddress: ''
      };
    case 'outside.release':
      return { type: 'outside.released', container };
    case 'resources.release':
      return { type: 'resources.released', container };
    case 'attachments.examine':
      return { type: 'attachments.examined', container, drifts, complete };
    case 'attachments.repair':
      return { type: 'attachments.repaired', container };
    case 'files.write':
      return { type: 'files.written', container, files };
    case 'cni.add': {
      const { network } = request.attachment;
      return { type: 'attachment.added', container, network, result };
    }
    case 'cni.del': {
      const { network } = request.attachment;
      return { type: 'attachment.deleted', container, network, ...(suspect ? { suspect } : {}) };
    }
    case 'firewall.sweep':
      return { type: 'firewall.swept', container };
    case 'timer.set':
      return { type: 'timer.fired', container, timer: request.timer };
    default:
      throw new Error(`a container does not ask ${request.type}`);
  }
}
