import { containerHosts, type NamedResult, type Sharer } from '../../model/hosts-file.ts';
import { CNI_CURRENT } from '../../model/cni-version.ts';
import { containerResolvConf } from '../../model/container-resolv-conf.ts';
import type { CniResult } from '../../model/cni-result.ts';
import type { Conflist } from '../../model/conflist.ts';
import type { ContainerSpec, Netns } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import type { UplinkView } from '../../model/uplink.ts';
import { buildResolvConf, parseResolvConf } from '../../model/resolv-conf.ts';
import { readHostFile, resolvConfBase, type HostPaths } from './host-files.ts';

/** What a container's files are made from; a request or a view holds it. */
export interface FilesSubject {
  readonly spec: ContainerSpec;
  readonly netns: Netns | null;
  /** In order; those that have no result yet say nothing. */
  readonly attachments: readonly {
    readonly network: string;
    readonly result?: CniResult | null | undefined;
    /** As it was used; tells whether the network asks for a name server. */
    readonly conflist?: Conflist;
  }[];
  /** Its way out when that is no network. */
  readonly uplink?: UplinkView | null;
  /** Where the host is when no gateway of its networks is it; `''`: nowhere. */
  readonly hostAddress?: string;
  /** Those that share its netns, and with it its files. */
  readonly sharers?: readonly Sharer[];
}

/** The texts of a container's files; `null` for one that it is not given. */
export interface RenderedFiles {
  readonly resolvConf: string | null;
  readonly hosts: string | null;
}

/**
 * A container's files as they are to be now. It reads the host's and changes nothing.
 *
 * @throws MooringError `hosts.noGateway`, `hosts.noFile`, `files.badSource`
 */
export function renderFiles(subject: FilesSubject, paths: HostPaths): RenderedFiles {
  return { resolvConf: renderResolvConf(subject, paths), hosts: renderHosts(subject, paths) };
}

function renderResolvConf(subject: FilesSubject, paths: HostPaths): string | null {
  const { dns, namespace } = subject.spec;
  if (dns === 'none') return null;
  const onHost = namespace?.kind === 'host';
  // What works there works for the container as it is, a stub on the loopback too.
  const text = onHost ? (readHostFile(paths.resolvConf) ?? '') : '';
  if (onHost && dns === undefined) return text;
  const netnsPath = subject.netns?.path ?? null;
  const conf = containerResolvConf({
    ...(dns && { dns }),
    ...(namespace && { namespace: namespace.kind }),
    results: resultsOf(subject).map(({ result }) => result),
    ...(onHost
      ? { base: parseResolvConf(text), isOwnBase: true }
      : resolvConfBase(paths, netnsPath))
  });
  return buildResolvConf(conf);
}

function renderHosts(subject: FilesSubject, paths: HostPaths): string | null {
  const { id, hostname, hosts, namespace } = subject.spec;
  if (hosts?.none) return null;
  return containerHosts({
    id,
    ...(hostname !== undefined && { hostname }),
    ...(namespace && { namespace: namespace.kind }),
    add: hosts?.add ?? [],
    attachments: resultsOf(subject),
    ...(subject.hostAddress !== undefined && { host: subject.hostAddress }),
    sharers: subject.sharers ?? [],
    base: hosts?.file === undefined ? (readHostFile(paths.hosts) ?? '') : readGiven(hosts.file)
  });
}

function readGiven(path: string): string {
  const text = readHostFile(path);
  if (text !== undefined) return text;
  throw new MooringError('hosts.noFile', `hosts file ${path} does not exist`);
}

function resultsOf({ spec, attachments, uplink }: FilesSubject): readonly NamedResult[] {
  const results = attachments.flatMap(({ network, result }) => {
    const aliases = spec.networks.find((one) => one.network === network)?.aliases ?? [];
    return result ? [{ aliases, result }] : [];
  });
  return uplink ? [...results, { aliases: [], result: resultOf(uplink) }] : results;
}

/** As a plugin would have told it. */
function resultOf({ addresses, nameservers }: UplinkView): CniResult {
  return {
    cniVersion: CNI_CURRENT,
    ips: addresses.map((address) => ({ address })),
    dns: { nameservers: [...nameservers] }
  };
}
