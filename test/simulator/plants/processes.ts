import type { StoredActor } from '../../../src/store/store.ts';
import type { Plant } from './plant.ts';

/** What goes wrong between processes, in a store, or nowhere in particular. */
export const IN_PROCESSES: readonly Plant[] = [
  {
    issue: 'podman#3696',
    seed: 1,
    what: 'a port is said to be free while its socket is still open',
    plants: {
      own: (own, { host }) => ({
        ...own,
        async releasePorts(container, context) {
          const held = host.kernel.ofKind('socket').filter(({ of }) => of === container);
          await own.releasePorts(container, context);
          for (const socket of held) host.kernel.add(socket, context.operation);
          host.clock.at(300, undefined, () => {
            for (const { name } of held) host.kernel.remove('socket', name, context.operation);
          });
        }
      })
    }
  },
  {
    issue: 'podman#23964',
    seed: 2,
    what: 'two containers are given the same random host port',
    plants: {
      own: (own) => ({
        ...own,
        claimPorts: (container, ports, context) =>
          ports.some(({ hostPort }) => hostPort === 0)
            ? Promise.resolve(ports.map((port) => ({ ...port, hostPort: 32_768 })))
            : own.claimPorts(container, ports, context)
      })
    }
  },
  {
    issue: 'conmon#277',
    seed: 288,
    what: 'a helper process dies, and nobody watches it',
    plants: { keepsPorts: false }
  },
  {
    issue: 'etcd#11457',
    seed: 258,
    what: 'who stalled past his lock writes over who has it now',
    plants: { fenced: false },
    plans: { store: 'redis' }
  },
  {
    issue: 'containerd#7843',
    seed: 1,
    what: 'a restart loses the addresses of what was up',
    plants: {
      store: (store, { process }) => ({
        ...store,
        load: (async (key, known) => {
          const actor = await store.load(key, known);
          const isFirst = process.endsWith('#1');
          return actor === 'unchanged' || isFirst || !actor ? actor : withoutResults(actor);
        }) as typeof store.load
      })
    }
  },
  {
    issue: 'go-cni#60',
    seed: 1,
    what: 'what is begun is written down when it is done, and lost by who dies before',
    plants: {
      store: (store, { host, owner }) => ({
        ...store,
        commit(lease, commit) {
          host.clock.at(6, owner, () => void store.commit(lease, commit).catch(() => undefined));
          return Promise.resolve(host.clock.now);
        }
      })
    }
  }
];

function withoutResults(actor: StoredActor): StoredActor {
  if (actor.key.kind !== 'container' || actor.value !== 'up') return actor;
  const snapshot = structuredClone(actor.snapshot) as unknown as {
    context: { attachments: { result?: unknown }[] };
  };
  for (const attachment of snapshot.context.attachments) delete attachment.result;
  return { ...actor, snapshot: snapshot as never };
}
