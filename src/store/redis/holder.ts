import { readFileSync, readlinkSync } from 'node:fs';
import { isJsonObject } from '../../model/json.ts';
import { processIdentity } from '../../syscalls/process-identity.ts';

/** A process as it is written into a lease. */
export interface Holder {
  readonly host: string;
  readonly boot: string;
  /** Its pid namespace, `pid:[4026531836]`: numbers mean something only within one. */
  readonly pidns: string;
  readonly pid: number;
  /** Clock ticks from boot to its start. */
  readonly start: string;
}

export function thisProcess(host: string, boot: string): Holder {
  const { pid } = process;
  const start = processIdentity(pid)?.startTicks ?? '';
  return { host, boot, pidns: readlinkSync('/proc/self/ns/pid'), pid, start };
}

/** @returns `undefined` for text that is no holder's */
export function parseHolder(text: string): Holder | undefined {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(data)) return undefined;
  const { host, boot, pidns, pid, start } = data;
  const isHolder =
    typeof host === 'string' &&
    typeof boot === 'string' &&
    typeof pidns === 'string' &&
    Number.isSafeInteger(pid) &&
    typeof start === 'string';
  return isHolder ? (data as unknown as Holder) : undefined;
}

/** Whether it is certain that the process has ended: only its own host can tell. */
export function isDead({ host, boot, pidns, pid, start }: Holder, self: Holder): boolean {
  if (host !== self.host) return false;
  if (boot !== self.boot) return true;
  return pidns === self.pidns && processIdentity(pid)?.startTicks !== start;
}

/** For a message: `process 4711 (node worker.js) of host a`. */
export function holderText(holder: Holder | undefined, self: Holder): string {
  if (holder === undefined) return 'another process';
  const { host, pid, pidns } = holder;
  if (host !== self.host) return `process ${pid} of host ${host}`;
  if (pid === self.pid && pidns === self.pidns) return `this process (${pid})`;
  const command = pidns === self.pidns ? commandOf(pid) : '';
  return command === '' ? `process ${pid}` : `process ${pid} (${command})`;
}

function commandOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return text.replaceAll('\0', ' ').trim().slice(0, 120);
  } catch {
    // It has ended, or is not for us to look at.
    return '';
  }
}
