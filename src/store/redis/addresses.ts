import { MooringError } from '../../model/failure.ts';
import type { Owner, SharedAddress, SharedAddresses } from '../cluster.ts';
import type { Connection } from './connection.ts';
import { sharedKeys } from './keys.ts';
import { RESERVE, UNRESERVE } from './scripts/networks.ts';

/** Static addresses, each of one container of one host: `front 10.89.0.5` to `a web`. */
export function sharedAddresses(connection: Connection, host: string): SharedAddresses {
  const { addresses: key } = sharedKeys(connection.address.prefix);

  return {
    async reserve(container, addresses, from) {
      if (addresses.length === 0) return;
      const before = from === undefined ? '' : ownerText(from);
      const args = [ownerText({ host, container }), before, ...addresses.map(addressText)];
      const doing = `reserving addresses for ${container}`;
      const [taken, owner] = (await connection.run(
        RESERVE,
        { keys: [key], args },
        { doing }
      )) as readonly string[];
      if (taken === undefined) return;
      const [network, address] = taken.split(' ');
      const { container: other, host: where } = parseOwner(owner ?? '');
      throw new MooringError(
        'address.reserved',
        `address ${address} of network ${network} is that of container ${other} of host ${where}`
      );
    },

    async release(container, addresses) {
      if (addresses.length === 0) return;
      const args = [ownerText({ host, container }), ...addresses.map(addressText)];
      const doing = `giving back addresses of ${container}`;
      await connection.run(UNRESERVE, { keys: [key], args }, { doing });
    },

    async list() {
      const found = await connection.call((client) => client.hgetall(key), {
        doing: 'listing the reserved addresses'
      });
      return Object.entries(found).map(([field, owner]) => {
        const [network = '', address = ''] = field.split(' ');
        return { network, address, owner: parseOwner(owner) };
      });
    }
  };
}

// Names hold no blanks.
function addressText({ network, address }: SharedAddress): string {
  return `${network} ${address}`;
}

function ownerText({ host, container }: Owner): string {
  return `${host} ${container}`;
}

function parseOwner(text: string): Owner {
  const [host = '', container = ''] = text.split(' ');
  return { host, container };
}
