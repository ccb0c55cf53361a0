import type { LibcArg } from './libc.ts';

// As large as any libc has them.
const [actions, attributes] = [new Uint8Array(1024), new Uint8Array(1024)];
const nothing = new Uint8Array(128);

/**
 * Every libc function that is called, with a call of it that changes nothing.
 *
 * `syscalls/warm.ts` makes these calls once. A function that stands here is one
 * that `libc()` accepts, so that none is left out.
 */
export const HARMLESS_CALLS = {
  accept4: [-1, 0n, 0n, 0],
  bind: [-1, 0n, 0],
  close: [-1],
  connect: [-1, 0n, 0],
  epoll_create1: [-1],
  epoll_ctl: [-1, 0, 0, 0n],
  epoll_wait: [-1, 0n, 0, 0],
  // A flag that does not exist, so that nothing is made.
  eventfd: [0, -1],
  flock: [-1, 0],
  getsockname: [-1, 0n, 0n],
  getsockopt: [-1, 0, 0, 0n, 0n],
  if_nametoindex: [''],
  ioctl: [-1, 0n, 0n],
  // No process has this number.
  kill: [0x7fff_ffff, 0],
  listen: [-1, 0],
  memmove: [nothing, nothing, 0n],
  mkfifo: ['', 0],
  mount: [0n, 0n, 0n, 0n, 0n],
  // A flag that does not exist, so that nothing is made.
  pipe2: [nothing, -1],
  poll: [0n, 0n, 0],
  posix_spawn_file_actions_init: [actions],
  posix_spawn_file_actions_addchdir_np: [actions, '/'],
  posix_spawn_file_actions_adddup2: [actions, -1, -1],
  posix_spawn_file_actions_addopen: [actions, -1, '/', 0, 0],
  posix_spawn_file_actions_destroy: [actions],
  posix_spawnattr_init: [attributes],
  posix_spawnattr_setflags: [attributes, 0],
  posix_spawnattr_setsigdefault: [attributes, nothing],
  posix_spawnattr_destroy: [attributes],
  // There is no program without a name.
  posix_spawn: [0n, '', 0n, 0n, nothing, nothing],
  recv: [-1, 0n, 0n, 0],
  recvmmsg: [-1, 0n, 0, 0, 0n],
  send: [-1, 0n, 0n, 0],
  sendmmsg: [-1, 0n, 0, 0],
  setns: [-1, 0],
  setsockopt: [-1, 0, 0, 0n, 0],
  shutdown: [-1, 0],
  socket: [-1, 0, 0],
  syscall: [-1n],
  umount2: [0n, 0],
  unshare: [0],
  // No process has this number.
  waitid: [1, 0x7fff_ffff, 0n, 4],
  waitpid: [0x7fff_ffff, 0n, 1]
} as const satisfies Readonly<Record<string, readonly LibcArg[]>>;

/** Name of a libc function that `libc()` accepts. */
export type LibcSymbol = keyof typeof HARMLESS_CALLS;
