import { readFileSync, writeFileSync } from 'node:fs';
import { step, StepError } from './step.ts';

const NAME = /^net(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+$/;

/**
 * Sets a parameter of the netns that the calling thread is in.
 *
 * @param name `net/ipv6/conf/default/accept_dad`
 * @returns what it was before
 * @throws {@link StepError} an errno's name, `ENOENT` when the kernel has no such parameter
 * @see proc_sys_net(5)
 */
export function setSysctl(name: string, value: string): string {
  if (!NAME.test(name)) throw new StepError('badSysctl', `${name} is no parameter of a netns`);
  const path = `/proc/sys/${name}`;
  const before = step(`read ${path}`, () => readFileSync(path, 'utf8')).trim();
  if (before !== value) step(`write ${path}`, () => writeFileSync(path, value));
  return before;
}
