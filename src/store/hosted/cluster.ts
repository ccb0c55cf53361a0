import { parseContainerId, parseHostName } from '../../model/names.ts';
import type { Cluster } from '../cluster.ts';
import { sharedAddresses } from '../redis/addresses.ts';
import type { Connection } from '../redis/connection.ts';
import { followAll } from '../redis/follow-all.ts';
import { forgetHost } from '../redis/forget-host.ts';
import { thisProcess } from '../redis/holder.ts';
import { hostKeys } from '../redis/keys.ts';
import { sharedNetworks } from '../redis/networks.ts';
import { give } from '../redis/orders.ts';
import { announce, bootOfHost, hostsOf } from '../redis/presence.ts';
import { hostReader } from '../redis/reader.ts';
import { serveOrders } from '../redis/serving.ts';
import { giveBack, takenFrom, takeOver } from '../redis/takeover.ts';
import { wakesOf } from '../redis/wakes.ts';
import type { Key } from '../store.ts';
import { reconcile, type ReconcileParts } from './reconcile.ts';

export interface ClusterParts extends ReconcileParts {
  readonly closing: AbortSignal;
  /** Told of what goes wrong while nobody waits for it. */
  readonly onTrouble: (error: unknown) => void;
}

/** What the hosts of one Redis can do with each other. */
export function clusterOf(parts: ClusterParts): Cluster {
  const { connection, keys, own, kinds, closing, onTrouble } = parts;
  const { prefix } = connection.address;
  const self = thisProcess(own.host, own.boot);
  const wakes = wakesOf(connection);
  const keysOf = (host: string) => hostKeys(prefix, parseHostName(host));

  return {
    reconcile: () => reconcile(parts),
    onReturn: (listener) => connection.onReady(listener),
    hosts: () => hostsOf(connection),
    dropHost: (host) => forgetHost(connection, parseHostName(host), kinds),
    at: (host) => viewOf(connection, host, closing),
    followAll: (signal) => followAll(connection, AbortSignal.any([signal, closing])),

    async serve(carryOut) {
      const orders = await serveOrders(connection, keys, carryOut, onTrouble);
      const presence = await announce(connection, keys, onTrouble).catch(async (error: unknown) => {
        await orders.close();
        throw error;
      });
      return {
        async close() {
          // Nobody asks any more before what is asked is answered.
          await presence.close();
          await orders.close();
        }
      };
    },

    ask: (host, order, options) => give({ connection, wakes }, keysOf(host), order, options),
    takeOver: (host, container) =>
      takeOver(connection, keysOf(host), containerKey(container), self),
    giveBack: (host, container) =>
      giveBack(connection, keysOf(host), containerKey(container), own.host),

    async takenOver() {
      const fields = await takenFrom(connection, keys);
      return fields.map((field) => field.slice(field.indexOf('/') + 1));
    },

    networks: sharedNetworks(connection, own.host),
    addresses: sharedAddresses(connection, own.host)
  };
}

function viewOf(connection: Connection, host: string, closing: AbortSignal) {
  const keys = hostKeys(connection.address.prefix, parseHostName(host));
  return {
    ...hostReader(connection, keys, closing),
    boot: () => bootOfHost(connection, keys)
  };
}

function containerKey(id: string): Key {
  return { kind: 'container', id: parseContainerId(id) };
}
