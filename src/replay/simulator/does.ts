import { never } from './clock.ts';
import type { Site } from './world.ts';

const DOING_MS = 0.3;

/** What the process does itself, step by step; it may die between two of them. */
export async function does(
  site: Site,
  what: string,
  key: string,
  steps: readonly (() => void)[]
): Promise<void> {
  if (site.reach('before', what, key)) await never();
  for (const step of steps) {
    await site.pause(what, DOING_MS);
    step();
    if (site.reach('during', what, key)) await never();
  }
  if (site.reach('after', what, key)) await never();
}
