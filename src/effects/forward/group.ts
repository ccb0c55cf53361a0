import type { ForwardCounters } from './forwarder.ts';
import { openTarget, type OpenTarget } from './target.ts';
import type { Aim } from './messages.ts';

/** A connection or a client of UDP. */
export interface Flow {
  /** Of the destination that it leads to. */
  readonly key: string;
  /** Ends it at once, and both ends notice. */
  reset(): void;
}

/** Waits for clients. */
export interface Ear {
  /** Whether those that come are taken, and whether there is room for one more; otherwise they wait. */
  open(isOpen: boolean, hasRoom: boolean): void;
  /** For good; the socket stays open. */
  end(): void;
}

/** What is published for one container, and the traffic that comes in for it. */
export interface Group {
  readonly counters: { -readonly [Name in keyof ForwardCounters]: ForwardCounters[Name] };
  /** `undefined` while there is nobody to forward to. */
  target(): OpenTarget | undefined;
  hear(ear: Ear): void;
  /** When there are so many, clients wait until one ends. */
  readonly flowsMax: number;
  add(flow: Flow): void;
  delete(flow: Flow): void;
  /** @throws StepError; nothing is changed then */
  aim(aim: Aim): void;
  end(): void;
}

export function openGroup(flowsMax: number): Group {
  const counters = { open: 0, accepted: 0, refused: 0, bytesIn: 0, bytesOut: 0, dropped: 0 };
  const flows = new Set<Flow>();
  const ears: Ear[] = [];
  let target: OpenTarget | undefined;
  let holds = true;

  function change(next: OpenTarget | undefined): void {
    target?.close();
    target = next;
  }

  function listen(): void {
    for (const ear of ears) ear.open(!holds, flows.size < flowsMax);
  }

  function resetOthers(keys: ReadonlySet<string>): void {
    for (const flow of [...flows]) if (!keys.has(flow.key)) flow.reset();
  }

  return {
    counters,
    target: () => target,
    hear(ear) {
      ears.push(ear);
      ear.open(!holds, flows.size < flowsMax);
    },
    flowsMax,
    add(flow) {
      flows.add(flow);
      counters.open = flows.size;
      if (flows.size === flowsMax) listen();
    },
    delete(flow) {
      const wasFull = flows.size === flowsMax;
      flows.delete(flow);
      counters.open = flows.size;
      if (wasFull) listen();
    },
    aim(aim) {
      const next = typeof aim === 'string' ? undefined : openTarget(aim);
      holds = aim === 'hold';
      change(next);
      if (!holds) resetOthers(next?.keys ?? new Set());
      listen();
    },
    end() {
      for (const ear of ears) ear.end();
      resetOthers(new Set());
      change(undefined);
    }
  };
}
