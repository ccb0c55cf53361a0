import type { MooringEvent } from '../../src/bus/events.ts';
import type { Effects } from '../../src/effects/effects.ts';
import { spanNotes } from '../../src/effects/process/spans.ts';
import type { Span } from '../../src/model/span.ts';
import { journalRecordOf } from '../../src/store/record.ts';
import type { JournalRecord, Key, Store } from '../../src/store/store.ts';
import { memoryBacking } from '../../src/store/memory.ts';
import { startProcess, type Process } from '../actors/process.ts';
import { createWorld, specOf, type World } from '../actors/world.ts';

/** A host without a kernel, whose journals are as those of a real one. */
export interface Played {
  readonly world: World;
  readonly process: Process;
  up(id: string, networks: readonly string[], port?: number): Promise<void>;
  tell(event: MooringEvent & { readonly container: string }): Promise<void>;
  down(id: string): Promise<void>;
  /** Of every actor that ever was, by time. */
  records(): Promise<readonly JournalRecord[]>;
}

export function played(): Played {
  const world = createWorld();
  const spans = spanNotes();
  const keys = new Map<string, Key>();
  const process = startProcess(memoryBacking(), world, {
    spans,
    wrap: (effects) => noting(effects, (operation, span) => spans.note(operation, span)),
    wrapStore: (store) => noticing(store, keys)
  });
  const ask = async (event: MooringEvent & { readonly container: string }) => {
    await process.registry.ask({ kind: 'container', id: event.container }, event);
  };

  return {
    world,
    process,
    tell: ask,
    up: (id, networks, port) =>
      ask({ type: 'container.up', container: id, spec: specOf(id, networks, port) }),
    down: (id) => ask({ type: 'container.down', container: id }),
    async records() {
      const all: JournalRecord[] = [];
      for (const key of keys.values()) {
        for await (const record of process.store.journal(key)) all.push(journalRecordOf(record));
      }
      return all.sort((a, b) => a.time - b.time || a.key.localeCompare(b.key) || a.seq - b.seq);
    }
  };
}

function noticing(store: Store, keys: Map<string, Key>): Store {
  return {
    ...store,
    async commit(lease, commit) {
      keys.set(`${lease.key.kind}/${lease.key.id}`, lease.key);
      return store.commit(lease, commit);
    }
  };
}

/** As plugins would: each ADD and DEL runs two. */
function noting(effects: Effects, note: (operation: string, span: Span) => void): Effects {
  const run = (operation: string, command: string, network: string): void => {
    for (const program of ['bridge', 'portmap']) {
      note(operation, {
        ...{ kind: 'run', program, command, begunAt: Date.now(), tookMs: 12.5, exitCode: 0 },
        stdin: { text: JSON.stringify({ name: network, type: program }), length: 40 },
        stdout: { text: '{"cniVersion":"1.0.0"}', length: 22 },
        stderr: { text: '', length: 0 }
      });
    }
  };
  let hosts = 0;
  return {
    ...effects,
    async 'cni.add'(request, context) {
      const { network, ifName } = request.attachment;
      run(context.operation, 'ADD', network);
      const answer = await effects['cni.add'](request, context);
      if (answer.type !== 'attachment.added') return answer;
      hosts += 1;
      const address = `10.${network === 'front' ? 90 : 91}.0.${hosts + 1}/24`;
      const interfaces = [{ name: ifName, mac: '02:00:00:00:00:01', sandbox: request.netns.path }];
      return {
        ...answer,
        result: { ...answer.result, interfaces, ips: [{ address, interface: 0 }] }
      };
    },
    'cni.del'(request, context) {
      run(context.operation, 'DEL', request.attachment.network);
      return effects['cni.del'](request, context);
    }
  };
}
