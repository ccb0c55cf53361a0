import { nanoid } from 'nanoid';
import type { Connection } from './connection.ts';
import { sharedKeys } from './keys.ts';

/** Notices to this process, each for one who waits. */
export interface Wakes {
  /** @param onNotice also called when notices may have been missed */
  expect(onNotice: () => void): Notice;
}

export interface Notice {
  /** What a script publishes: `process:number`. */
  readonly id: string;
  /** Listens from now on; resolves when notices arrive. */
  listen(): Promise<void>;
  end(): void;
}

export function wakesOf({ listen, address }: Connection): Wakes {
  const process = nanoid(12);
  const channel = sharedKeys(address.prefix).wake(process);
  const expected = new Map<string, () => void>();
  let listening: Promise<unknown> | undefined;
  let count = 0;

  return {
    expect(onNotice) {
      count += 1;
      const id = `${process}:${count}`;
      return {
        id,
        async listen() {
          expected.set(id, onNotice);
          listening ??= listen(channel, {
            onMessage: (message) => expected.get(message)?.(),
            onResumed: () => {
              for (const notify of [...expected.values()]) notify();
            }
          });
          await listening;
        },
        end: () => void expected.delete(id)
      };
    }
  };
}
