import { closeSync, constants, openSync } from 'node:fs';
import { bitsOf, parseAddress, type Family } from '../../model/subnet.ts';
import { enterNetns } from '../../syscalls/namespaces.ts';
import { inspect, isSameNetns } from '../../syscalls/nsfs.ts';
import { socketAddress } from '../../syscalls/socket-address.ts';
import { step, StepError } from '../../syscalls/step.ts';
import { openSocket } from '../../syscalls/stream-socket.ts';
import { inNetns } from '../../syscalls/visit-netns.ts';
import type { ForwardTarget } from './forwarder.ts';

const NONE = -1;

/** One address of a container, in the netns from which it is reached. */
export interface Destination {
  /** Two that lead to the same have the same. */
  readonly key: string;
  readonly family: Family;
  /** `sockaddr` of a port there. */
  name(port: number): Buffer;
}

/** A target whose netns is open. */
export interface OpenTarget {
  /** Where clients of a family are led. */
  destination(family: Family): Destination;
  readonly keys: ReadonlySet<string>;
  /**
   * Opens so many sockets in the target's netns.
   *
   * @returns the descriptor of each, or a negative number
   * @throws {@link StepError} `stranded` when there is no way back from the netns; none is open then
   */
  open(type: 'tcp' | 'udp', family: Family, count: number): readonly number[];
  close(): void;
}

/**
 * @param target with addresses that were checked
 * @throws {@link StepError} `gone`, `replaced`, an errno's name
 */
export function openTarget({ netns, addresses }: ForwardTarget): OpenTarget {
  const { path } = netns;
  const fd = step(`open ${path}`, () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  try {
    const found = inspect(fd);
    if (found.kind !== 'netns') throw new StepError('gone', `no netns is at ${path}`);
    if (!isSameNetns(found, netns)) {
      throw new StepError('replaced', `${path} is not the netns that was made there`);
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  const destinations = addresses.map((address) => destinationOf(address, netns));
  return {
    destination: (family) => destinations.find((one) => one.family === family) ?? destinations[0]!,
    keys: new Set(destinations.map(({ key }) => key)),
    open(type, family, count) {
      const sockets: number[] = [];
      try {
        inNetns(
          () => step(`enter ${path}`, () => enterNetns(fd)),
          () => {
            while (sockets.length < count) sockets.push(openSocket(type, family));
          }
        );
        return sockets;
      } catch (error) {
        sockets.filter((socket) => socket >= 0).forEach(closeSync);
        if (!(error instanceof StepError) || error.code === 'stranded') throw error;
        return Array.from({ length: count }, () => NONE);
      }
    },
    close: () => closeSync(fd)
  };
}

function destinationOf(text: string, { device, inode }: ForwardTarget['netns']): Destination {
  const { family, value } = parseAddress(text);
  const bytes = Buffer.from(value.toString(16).padStart(bitsOf(family) / 4, '0'), 'hex');
  return {
    key: `${device}:${inode} ${bytes.toString('hex')}`,
    family,
    name: (port) => socketAddress(bytes, port)
  };
}
