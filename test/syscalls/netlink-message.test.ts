import { describe, expect, it } from 'vitest';
import {
  decodeConnection,
  deleteConnection,
  listConnections
} from '../../src/syscalls/netlink-conntrack.ts';
import {
  decodeAnswer,
  decodeAttributes,
  decodeMessages,
  encodeAttribute,
  encodeMessage,
  encodeNested
} from '../../src/syscalls/netlink-message.ts';
import { decodeAddress, decodeLink, decodeRoute } from '../../src/syscalls/netlink-route.ts';
import {
  ADDRESSES,
  BAD_GATEWAY,
  CONNECTION,
  LINK,
  NO_SUCH_LINK,
  ROUTES
} from './netlink.captured.ts';

describe('messages of the kernel', () => {
  it('are links with their counters', () => {
    const [message] = decodeMessages(LINK);

    expect(decodeLink(message!)).toEqual({
      index: 1,
      name: 'lo',
      mac: '00:00:00:00:00:00',
      mtuBytes: 1500,
      up: true,
      running: true,
      loopback: true,
      kind: '',
      master: 0,
      peer: 0,
      stats: {
        rxPackets: 2n,
        txPackets: 2n,
        rxBytes: 94n,
        txBytes: 94n,
        rxErrors: 0n,
        txErrors: 0n,
        rxDropped: 0n,
        txDropped: 0n
      }
    });
  });

  it('are addresses of both families', () => {
    const addresses = decodeMessages(ADDRESSES).map(decodeAddress);

    expect(addresses).toEqual([
      { index: 1, address: '127.0.0.1/8', family: 4, permanent: true },
      { index: 1, address: '10.1.2.3/24', family: 4, permanent: true },
      { index: 1, address: '::1/128', family: 6, permanent: true }
    ]);
  });

  it('are routes', () => {
    const routes = decodeMessages(ROUTES).map(decodeRoute);

    expect(routes).toContainEqual({
      family: 4,
      destination: '10.1.2.3/32',
      gateway: '',
      index: 1,
      table: 255,
      priority: 0,
      type: 2,
      cloned: false
    });
  });

  it('are refusals, in the words of the kernel where it has some', () => {
    const answers = [NO_SUCH_LINK, BAD_GATEWAY].map((bytes) =>
      decodeAnswer(decodeMessages(bytes)[0]!)
    );

    expect(answers).toEqual([{ errno: 22 }, { errno: 101, text: 'Nexthop has invalid gateway' }]);
  });

  it('are tracked connections, by what the first packet said', () => {
    const [message] = decodeMessages(CONNECTION);

    expect(decodeConnection(message!)).toMatchObject({
      family: 4,
      protocol: 17,
      source: '10.9.9.9',
      destination: '10.1.2.3',
      sourcePort: 1000,
      destinationPort: 53
    });
  });

  it.each([0, 3, 15, 2000])('with a length of %i bytes are refused', (length) => {
    const bytes = Buffer.from(ADDRESSES);
    bytes.writeUInt32LE(length, 0);

    expect(() => decodeMessages(bytes)).toThrow(RangeError);
  });

  it.each([0, 3, 200])('with an attribute of %i bytes are refused', (length) => {
    const attribute = encodeAttribute(1, Buffer.from('lo'));
    attribute.writeUInt16LE(length, 0);

    expect(() => decodeAttributes(attribute)).toThrow(RangeError);
  });
});

describe('messages to the kernel', () => {
  it('come back as they were, with attributes of any length', () => {
    const payload = Buffer.concat([
      encodeAttribute(3, Buffer.from('eth0\0')),
      encodeNested(18, encodeAttribute(1, Buffer.from('veth')))
    ]);
    const head = { type: 16, flags: 5, sequence: 7 };

    const [message] = decodeMessages(encodeMessage(head, payload));

    expect(message).toEqual({ ...head, payload });
    const attributes = decodeAttributes(message!.payload);
    expect(attributes.get(3)?.toString()).toBe('eth0\0');
    expect(decodeAttributes(attributes.get(18)!).get(1)?.toString()).toBe('veth');
  });

  it('name one connection by its tuple and its id', () => {
    const [message] = decodeMessages(CONNECTION);
    const payload = deleteConnection(decodeConnection(message!)!);

    expect(payload.subarray(0, 4)).toEqual(Buffer.from([2, 0, 0, 0]));
    const sent = decodeAttributes(payload.subarray(4));
    const given = decodeAttributes(message!.payload.subarray(4));
    expect([...sent.keys()]).toEqual([1, 12]);
    for (const type of sent.keys()) expect(sent.get(type)).toEqual(given.get(type));
  });

  it('ask for the connections to a port in network order', () => {
    expect(listConnections(6, 17, 0x1234).toString('hex')).toContain('060003001234');
  });
});
