import { tryLibc } from './libc.ts';

/**
 * Whether the netns of the calling thread has an interface of that name.
 *
 * @see if_nametoindex(3)
 */
export function hasInterface(name: string): boolean {
  return tryLibc('if_nametoindex', name) > 0;
}
