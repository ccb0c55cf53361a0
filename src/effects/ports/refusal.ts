import { readFile } from 'node:fs/promises';
import type { PortMapping } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import { hostPortText } from '../../model/port.ts';
import { SyscallError } from '../../syscalls/libc.ts';
import { portHolder } from './holder.ts';

/** One port could not be bound; `explain` finds the words. */
export class Refused extends Error {
  readonly mapping: PortMapping;
  readonly code: string;

  constructor(mapping: PortMapping, code: string, options?: ErrorOptions) {
    super(`${hostPortText(mapping)}: ${code}`, options);
    this.mapping = mapping;
    this.code = code;
  }
}

/** What was thrown for one port, with the port. */
export function refusal(mapping: PortMapping, error: unknown): unknown {
  if (!(error instanceof SyscallError)) return error;
  return new Refused(mapping, error.code, { cause: error });
}

/** Why it could not, for the user: `port.inUse` names who has it when that can be seen. */
export async function explain({ mapping, code, cause }: Refused): Promise<MooringError> {
  const port = hostPortText(mapping);
  const error = (code: string, text: string) =>
    new MooringError(code, `host port ${port}${text}`, { cause });
  switch (code) {
    case 'EADDRINUSE':
      return error('port.inUse', ` is ${await portHolder(mapping)}`);
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return error('port.badAddress', `: ${mapping.hostIp} is not an address of this host`);
    case 'EACCES':
      return error('port.EACCES', await noPermission(mapping));
    case 'EMFILE':
    case 'ENFILE':
      return error(
        'port.EMFILE',
        ': too many open files to keep it bound; raise the limit, or leave the reservation out'
      );
    default:
      return error(`port.${code}`, `: it can't be bound (${code})`);
  }
}

/** Which parameter says so, and what it must be; of a user namespace that root has entered it is the host's. */
async function noPermission({ hostPort }: PortMapping): Promise<string> {
  const first = Number(await readFile(UNPRIVILEGED, 'utf8').catch(() => ''));
  if (hostPort >= first) return ': no permission to bind it';
  return (
    `: no permission to bind a port below ${first}; ` +
    `sysctl net.ipv4.ip_unprivileged_port_start=${hostPort} allows it, or choose a port from ${first} on`
  );
}

const UNPRIVILEGED = '/proc/sys/net/ipv4/ip_unprivileged_port_start';

export function lacksProtocol(error: unknown): boolean {
  return hasCode(error, ['EPROTONOSUPPORT', 'ESOCKTNOSUPPORT', 'EAFNOSUPPORT']);
}

export function lacksFamily(error: unknown): boolean {
  return hasCode(error, ['EAFNOSUPPORT', 'EADDRNOTAVAIL']);
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof SyscallError && codes.includes(error.code);
}
