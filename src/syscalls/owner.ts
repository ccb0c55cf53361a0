import type { Stats } from 'node:fs';

/** Whether it belongs to the user that this process runs as, who is asked for once. */
export function isOurs({ uid }: Pick<Stats, 'uid'>): boolean {
  return uid === (user ??= process.geteuid!());
}

let user: number | undefined;
