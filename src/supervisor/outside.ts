import type { OutsideActors } from '../actors/routed.ts';
import { MooringError } from '../model/failure.ts';
import type { PortMapping } from '../model/container.ts';
import { findSupervisor, type FindOptions, type Found } from './find.ts';
import type { Operation, Operations } from './protocol.ts';

/** What a process of Mooring has the supervisor do for it. */
export interface Outside extends OutsideActors {
  /**
   * @returns with the host ports that were chosen; nothing is kept bound
   * @throws MooringError `port.…`
   */
  choosePorts(
    ports: readonly PortMapping[],
    taken: readonly PortMapping[]
  ): Promise<readonly PortMapping[]>;
  /** An address of the host that can be reached from elsewhere; `''` when it has none. */
  hostAddress(): Promise<string>;
  /** Goes, and where nothing is left to supervise the supervisor goes as well. */
  close(): Promise<void>;
}

const ASK_MS = 180_000;
// It is started again within a second when it was killed.
const TRIES = 3;

/**
 * Finds the supervisor when it is first needed.
 *
 * What it is asked may be asked again: one that was killed at it goes on from the store.
 */
export function outsideOf(options: FindOptions): Outside {
  let finding: Promise<Found> | undefined;
  const closing = new AbortController();

  return {
    ask: (key, command, cause) => ask('ask', { key, command, cause: cause ?? null }),
    settle: (key) => ask('settle', { key }),
    hostAddress: () => ask('hostAddress', null),
    choosePorts: (ports, taken) => ask('choosePorts', { ports, taken }),
    async close() {
      closing.abort(lost());
      const found = await finding?.catch(() => undefined);
      // In a private host it is for whoever started this process to say that all is over.
      if (options.start === undefined) found?.client.close();
      else await found?.leave();
    }
  };

  async function ask<Name extends Operation>(
    op: Name,
    given: Operations[Name]['given']
  ): Promise<Operations[Name]['answer']> {
    for (let tries = 1; ; tries += 1) {
      const { client } = await found();
      try {
        return await client.ask(op, given, { timeoutMs: ASK_MS });
      } catch (error) {
        const isLost = error instanceof MooringError && error.code === 'supervisor.lost';
        if (!isLost || tries === TRIES) throw error;
        finding = undefined;
      }
    }
  }

  function found(): Promise<Found> {
    finding ??= findSupervisor({ ...options, signal: closing.signal }).then((one) => {
      if (one !== undefined) return one;
      finding = undefined;
      throw lost();
    });
    finding.catch(() => (finding = undefined));
    return finding;
  }
}

function lost(): MooringError {
  return new MooringError(
    'supervisor.lost',
    'the supervisor has ended; the next command starts another'
  );
}
