import { describe, expect, it } from 'vitest';
import { errnoName, libc, SyscallError } from '../../src/syscalls/libc.ts';
import { raiseLoopback } from '../../src/syscalls/loopback.ts';
import { warm } from '../../src/syscalls/warm.ts';

describe('libc', () => {
  it('throws what the kernel answered, by name', () => {
    const refused = () => libc('setns', -1, 0);

    expect(refused).toThrow(SyscallError);
    expect(refused).toThrow('setns: EBADF');
    expect(refused).toThrow(expect.objectContaining({ syscall: 'setns', errno: 9, code: 'EBADF' }));
  });

  it.each([1.5, NaN, Infinity, 2 ** 31, -(2 ** 31) - 1, 2n ** 63n, -(2n ** 63n) - 1n])(
    'refuses %s, which C would truncate',
    (value) => {
      expect(() => libc('flock', value, 0)).toThrow(RangeError);
    }
  );

  it('refuses a string with a NUL, which C would cut off', () => {
    expect(() => libc('umount2', '/tmp\0/nope', 0)).toThrow(RangeError);
  });

  it.each([null, undefined, {}, new ArrayBuffer(8), new Uint16Array(8)])(
    'refuses %o, which would end the process',
    (value) => {
      expect(() => libc('ioctl', -1, 0n, value as Uint8Array)).toThrow(TypeError);
    }
  );

  it('takes 0n for a null pointer', () => {
    expect(() => libc('umount2', 0n, 0)).toThrow('umount2: EFAULT');
  });
});

describe('errnoName', () => {
  it.each([
    [1, 'EPERM'],
    [11, 'EAGAIN'],
    [17, 'EEXIST'],
    [9999, 'E9999']
  ])('spells %i as %s', (errno, name) => {
    expect(errnoName(errno)).toBe(name);
  });
});

describe('warm', () => {
  it('may be called again', () => {
    warm();

    expect(warm).not.toThrow();
  });
});

describe('raiseLoopback', () => {
  it('leaves a lo that is up as it is', () => {
    expect(raiseLoopback).not.toThrow();
  });
});
