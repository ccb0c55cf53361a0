import { MooringError } from '../../model/failure.ts';
import { isJsonObject } from '../../model/json.ts';
import { parseSubnet } from '../../model/subnet.ts';
import type { SharedNetwork, SharedNetworks } from '../cluster.ts';
import type { Connection } from './connection.ts';
import { sharedKeys } from './keys.ts';
import { DEFINE, UNDEFINE } from './scripts/networks.ts';

export function sharedNetworks(connection: Connection, host: string): SharedNetworks {
  const keys = sharedKeys(connection.address.prefix);
  const both = [keys.networks, keys.networksVersion];

  return {
    async version() {
      const version = await connection.call((client) => client.get(keys.networksVersion), {
        doing: 'reading the version of the networks'
      });
      return Number(version ?? 0);
    },

    async list() {
      const found = await connection.call((client) => client.hgetall(keys.networks), {
        doing: 'reading the networks'
      });
      return Object.entries(found).map(([name, text]) => parseNetwork(name, text));
    },

    async define(network) {
      const { name, subnets } = network;
      const ranges = subnets.map(rangeOf);
      const text = JSON.stringify({ v: 1, ...network, host, ranges });
      const args = [name, text, keys.networksNews, ...ranges];
      const doing = `defining network ${name}`;
      const [answer, other = ''] = (await connection.run(
        DEFINE,
        { keys: both, args },
        { doing }
      )) as readonly string[];
      if (answer === 'defined') return;
      throw refusal(name, answer === 'exists', parseNetwork(name, other));
    },

    async remove(name) {
      await connection.run(
        UNDEFINE,
        { keys: both, args: [name, keys.networksNews] },
        { doing: `removing network ${name}` }
      );
    },

    async watch(onChange, signal) {
      const stop = await connection.listen(keys.networksNews, {
        onMessage: onChange,
        onResumed: onChange
      });
      const stopWatching = connection.onReady(onChange);
      signal.addEventListener('abort', () => {
        stop();
        stopWatching();
      });
    }
  };
}

function refusal(name: string, exists: boolean, other: SharedNetwork): MooringError {
  if (exists) {
    return new MooringError(
      'network.exists',
      `the network name ${name} is already used: host ${other.host} has defined it`
    );
  }
  return new MooringError(
    'network.subnetReserved',
    `a subnet of ${name} overlaps one of network ${other.name} of host ${other.host}: ${other.subnets.join(', ')}`
  );
}

/** @throws MooringError `store.corrupt` naming the network */
function parseNetwork(field: string, text: string): SharedNetwork {
  try {
    const data: unknown = JSON.parse(text);
    if (!isJsonObject(data) || data['v'] !== 1) throw new Error('its format is not known');
    const { name, host, conflist, subnets } = data;
    const isRight =
      typeof name === 'string' &&
      typeof host === 'string' &&
      typeof conflist === 'string' &&
      Array.isArray(subnets) &&
      subnets.every((subnet) => typeof subnet === 'string');
    if (!isRight) throw new Error('it lacks a part');
    return { name, host, conflist, subnets };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MooringError('store.corrupt', `Redis, definition of network ${field}: ${reason}`, {
      cause: error
    });
  }
}

/** First and last address of a CIDR in hexadecimal digits: text that sorts as the addresses do. */
function rangeOf(cidr: string): string {
  const { family, base, prefix } = parseSubnet(cidr);
  const bits = family === 4 ? 32 : 128;
  const last = base + (1n << BigInt(bits - prefix)) - 1n;
  return [base, last].map((address) => address.toString(16).padStart(bits / 4, '0')).join(' ');
}
