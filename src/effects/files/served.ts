import type { Published } from '../names/aardvark.ts';
import { servedOn, wantsNameServer, withNameServer } from '../names/served.ts';
import type { FilesSubject } from './render.ts';

/** What the name server of a container's networks has to know of it. */
export function publishedOf(
  container: string,
  subject: FilesSubject
): Pick<Published, 'networks' | 'asks'> {
  const networks = servedNetworks(subject).map((served) => {
    const own = subject.spec.networks.find(({ network }) => network === served.network);
    return { ...served, names: [...new Set([container, ...(own?.aliases ?? [])])] };
  });
  const servers = networks.flatMap((served) => served.servers);
  // One that is told to ask itself would do so for ever.
  const asks = askedServers(subject).filter((server) => !servers.includes(server));
  return { networks, asks };
}

/**
 * The container as one that asks the name server of its networks.
 *
 * Servers that were asked for know no containers: it comes before them, and asks them itself.
 */
export function throughServer(subject: FilesSubject): FilesSubject {
  const served = new Map(servedNetworks(subject).map((one) => [one.network, one]));
  const attachments = subject.attachments.map((attachment) => {
    const found = served.get(attachment.network);
    const { result } = attachment;
    return result && found ? { ...attachment, result: withNameServer(result, found) } : attachment;
  });
  const own = [...served.values()].flatMap(({ servers }) => servers);
  return { ...subject, attachments, spec: asking(subject, own) };
}

function servedNetworks({ attachments }: FilesSubject) {
  return attachments.flatMap(({ network, result, conflist }) => {
    const isServed = result && conflist !== undefined && wantsNameServer(conflist);
    const found = isServed ? servedOn(network, result) : undefined;
    return found ? [found] : [];
  });
}

function asking(subject: FilesSubject, own: readonly string[]): FilesSubject['spec'] {
  const { spec } = subject;
  const asked = askedServers(subject);
  if (!spec.dns || spec.dns === 'none' || asked.length === 0) return spec;
  return { ...spec, dns: { ...spec.dns, servers: [...new Set([...own, ...asked])] } };
}

function askedServers({ spec: { dns } }: FilesSubject): readonly string[] {
  return dns === undefined || dns === 'none' ? [] : dns.servers;
}
