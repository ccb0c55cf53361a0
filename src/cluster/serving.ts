import type { Logger } from 'pino';
import type { Mooring, Recovered } from '../api.ts';
import { failureOf } from '../model/failure.ts';
import type { Sharing } from './sharing.ts';
import { carryOut } from './verbs.ts';

export interface ServingParts extends Pick<Sharing, 'cluster' | 'definitions' | 'addresses'> {
  readonly mooring: Mooring;
  readonly log: Logger;
}

/** Against keys that Redis drops while it is there all the time. */
const LOOK_AGAIN_MS = 300_000;

/**
 * What the agent of a host does for the others: it carries out what they ask, keeps up with the
 * networks, and tells what Redis has missed whenever that is back.
 */
export async function serveCluster(parts: ServingParts): Promise<{ close(): Promise<void> }> {
  const { mooring, cluster, definitions, log } = parts;
  const closing = new AbortController();
  const trouble = (doing: string) => (error: unknown) => {
    if (!closing.signal.aborted) log.warn({ failure: failureOf(error, 'agent') }, doing);
  };
  let serving: { close(): Promise<void> } | undefined;
  let work: Promise<void> = Promise.resolve();
  const inTurn = (next: () => Promise<void>, doing: string) => {
    work = work.then(next).catch(trouble(doing));
  };
  const serve = async () => {
    if (closing.signal.aborted) return;
    serving ??= await cluster.serve((order, signal) => carryOut(mooring, order, signal));
  };
  const lookAgain = () => {
    inTurn(serve, 'serving other hosts');
    inTurn(() => comeTogether(parts), 'telling the store what it has missed');
  };
  const stopWatching = cluster.onReturn(lookAgain);
  const timer = setInterval(lookAgain, LOOK_AGAIN_MS);
  const onNetworks = () => inTurn(() => definitions.sync(), 'keeping up with the networks');
  cluster.networks.watch(onNetworks, closing.signal).catch(trouble('watching the networks'));
  lookAgain();
  // Who has started an agent may ask it from now on, if the store is there.
  await work;
  return {
    async close() {
      closing.abort();
      clearInterval(timer);
      stopWatching();
      await work;
      await serving?.close();
    }
  };
}

async function comeTogether({ mooring, log, ...sharing }: ServingParts): Promise<void> {
  for (const one of await reconciled(sharing, mooring)) log.error(one, 'reconciling');
}

/**
 * Makes the others see what this host knows, and takes down what of it runs on others by now.
 *
 * @returns what could not be done
 */
export async function reconciled(
  { cluster, definitions, addresses }: Pick<Sharing, 'cluster' | 'definitions' | 'addresses'>,
  mooring: Pick<Mooring, 'down'>
): Promise<readonly Recovered[]> {
  await definitions.sync();
  const failures = [...(await cluster.reconcile()), ...(await addresses.reconcile())];
  const recovered: Recovered[] = failures.map((failure) => ({ id: 'store', failure }));
  for (const id of await cluster.takenOver()) {
    try {
      await mooring.down(id, { forget: true });
    } catch (error) {
      recovered.push({ id, failure: failureOf(error, 'mooring', 'taken over by another host') });
    }
  }
  return recovered;
}
