import { MooringError } from '../../model/failure.ts';
import type { Connection } from './connection.ts';
import { sharedKeys } from './keys.ts';
import type { ChannelListener } from './listener.ts';
import { OUT_OF_PATIENCE, patienceOf } from './patience.ts';

/**
 * Listens to a channel for one who would rather be refused than wait until Redis is back.
 *
 * @returns what ends it
 * @throws MooringError `store.…`
 */
export async function listenSoon(
  connection: Connection,
  channel: string,
  listener: ChannelListener
): Promise<() => void> {
  const listening = connection.listen(channel, listener);
  try {
    return await unlessAway(connection, listening, `listening to ${channel}`);
  } catch (error) {
    void listening.then(
      (stop) => stop(),
      () => undefined
    );
    throw error;
  }
}

/**
 * What concerns channels, in time. Whether Redis is there is asked beside it: only that question is
 * answered with why it is not.
 */
export async function unlessAway<T>(
  connection: Connection,
  work: Promise<T>,
  doing: string
): Promise<T> {
  const { patienceMs, prefix } = connection.address;
  const { hosts } = sharedKeys(prefix);
  const begun = performance.now();
  // Its failure is told below, should it come first.
  work.catch(() => undefined);
  await connection.call((client) => client.exists(hosts), { doing });
  try {
    const leftMs = patienceMs - (performance.now() - begun);
    return await patienceOf(Math.max(LEAST_MS, leftMs)).until(work);
  } catch (error) {
    if (error !== OUT_OF_PATIENCE) throw error;
    throw new MooringError('store.timedOut', `${doing}: nothing was heard in ${patienceMs} ms`);
  }
}

const LEAST_MS = 10;
