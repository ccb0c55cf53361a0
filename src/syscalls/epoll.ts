import { endianness } from 'node:os';
import { libc, tryLibc, SyscallError } from './libc.ts';

export const EPOLLIN = 0x001;
export const EPOLLOUT = 0x004;
/** These two are told in any case. */
export const EPOLLERR = 0x008;
export const EPOLLHUP = 0x010;

/** Waits for many files at once; each is known by a number of the caller's. */
export interface Epoll {
  /** @param id from 0 to 2^32 - 1, told with its events */
  add(fd: number, id: number, events: number): void;
  change(fd: number, id: number, events: number): void;
  remove(fd: number): void;
  /**
   * Stops the calling thread until there are events: not for the main thread.
   *
   * @param timeoutMs -1 waits for ever
   * @param tell is called for each; it may add and remove files
   */
  wait(timeoutMs: number, tell: (id: number, events: number) => void): void;
  close(): void;
}

const CTL_ADD = 1;
const CTL_DEL = 2;
const CTL_MOD = 3;
const EPOLL_CLOEXEC = 0x8_0000;
const AT_ONCE = 256;
// struct epoll_event is packed on x86-64 alone.
const EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
const DATA_AT = process.arch === 'x64' ? 4 : 8;
const EINTR = 4;
const LITTLE = endianness() === 'LE';

/**
 * @throws SyscallError, as do its methods
 * @see epoll(7)
 */
export function openEpoll(): Epoll {
  const epoll = libc('epoll_create1', EPOLL_CLOEXEC);
  const told = Buffer.alloc(AT_ONCE * EVENT_BYTES);
  const wanted = Buffer.alloc(EVENT_BYTES);
  const control = (operation: number, fd: number, id: number, events: number) => {
    write(wanted, events, 0);
    write(wanted, id, DATA_AT);
    libc('epoll_ctl', epoll, operation, fd, wanted);
  };

  return {
    add: (fd, id, events) => control(CTL_ADD, fd, id, events),
    change: (fd, id, events) => control(CTL_MOD, fd, id, events),
    remove: (fd) => control(CTL_DEL, fd, 0, 0),
    wait(timeoutMs, tell) {
      const count = tryLibc('epoll_wait', epoll, told, AT_ONCE, timeoutMs);
      if (count < 0 && count !== -EINTR) throw new SyscallError('epoll_wait', -count);
      for (let index = 0; index < count; index += 1) {
        const at = index * EVENT_BYTES;
        tell(read(told, at + DATA_AT), read(told, at));
      }
    },
    close: () => void libc('close', epoll)
  };
}

function write(bytes: Buffer, value: number, at: number): void {
  if (LITTLE) bytes.writeUInt32LE(value, at);
  else bytes.writeUInt32BE(value, at);
}

function read(bytes: Buffer, at: number): number {
  return LITTLE ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}
