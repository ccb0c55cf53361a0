import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisAddress } from './address.ts';

export type Client = Redis | Cluster;

type Options = Omit<RedisOptions, 'replyMapping'>;

/**
 * The client that commands go through.
 *
 * A command that was sent and not answered is never sent again by itself: it may have been done.
 * One that can't be sent fails, and whoever asks decides how long to wait.
 */
export function commandClient(address: RedisAddress): Client {
  return clientOf(address, {
    commandTimeout: COMMAND_TIMEOUT_MS,
    // With 1, what was under way is left to its timeout, and with it whatever comes behind.
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    enableAutoPipelining: true
  });
}

/** The client that listens to channels; {@link listenerOf} subscribes again after a disconnection. */
export function channelClient(address: RedisAddress): Client {
  return clientOf(address, {
    maxRetriesPerRequest: null,
    enableOfflineQueue: true,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false
  });
}

/** No answer for so long: the connection is given up and made anew. */
const COMMAND_TIMEOUT_MS = 2_000;
/** A server that is frozen does not close its end. */
const DISCONNECT_TIMEOUT_MS = 100;
const RECONNECT_MOST_MS = 500;

function clientOf(address: RedisAddress, traits: Options): Client {
  const { mode, nodes, primary, path, db } = address;
  const options: Options = {
    ...traits,
    ...accessOf(address),
    db,
    connectTimeout: COMMAND_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    disableClientInfo: true,
    // LOADING is an answer as any other, and told as such.
    enableReadyCheck: mode === 'sentinel',
    maxLoadingRetryTime: 100,
    retryStrategy: pauseBefore
  };
  switch (mode) {
    case 'cluster':
      return new Cluster([...nodes], clusterOptions(address, traits, options));
    case 'sentinel':
      return new Redis({ ...options, ...sentinelOptions(address, primary!) });
    case 'socket':
      return new Redis({ ...options, path: path! });
    case 'single':
      return new Redis({ ...options, host: nodes[0]!.host, port: nodes[0]!.port });
  }
}

function sentinelOptions(address: RedisAddress, name: string): Options {
  const { nodes, sentinelUsername, sentinelPassword, tls } = address;
  return {
    sentinels: [...nodes],
    name,
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(tls !== undefined && { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(tls) }),
    sentinelCommandTimeout: COMMAND_TIMEOUT_MS,
    sentinelRetryStrategy: pauseBefore
  };
}

function clusterOptions(
  address: RedisAddress,
  { enableOfflineQueue = true, enableAutoPipelining = false }: Options,
  options: Options
) {
  return {
    redisOptions: options,
    enableOfflineQueue,
    enableAutoPipelining,
    clusterRetryStrategy: pauseBefore,
    slotsRefreshTimeout: COMMAND_TIMEOUT_MS,
    // Certificates name servers, and addresses are looked up by the TLS client.
    ...(address.tls !== undefined && {
      dnsLookup: (host: string, found: (error: null, address: string) => void) => found(null, host)
    })
  };
}

function accessOf({ username, password, tls }: RedisAddress): Options {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls: tlsOptions(tls) })
  };
}

function tlsOptions(tls: NonNullable<RedisAddress['tls']>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tls).filter((entry): entry is [string, string] => entry[1] !== undefined)
  );
}

function pauseBefore(attempt: number): number {
  return Math.min(10 * 2 ** Math.min(attempt, 10), RECONNECT_MOST_MS);
}
