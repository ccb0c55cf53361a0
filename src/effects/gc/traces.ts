import { join } from 'node:path';
import { readCniResult } from '../../model/cni-parse.ts';
import type { CniResult } from '../../model/cni-result.ts';
import { CNI_CURRENT } from '../../model/cni-version.ts';
import { parseConflist } from '../../model/conflist.ts';
import type { Attachment } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import { isJsonObject } from '../../model/json.ts';
import type { JournalRecord } from '../../store/store.ts';
import type { CacheEntry } from '../cni/cache-entry.ts';
import { idOf } from './pinned.ts';

/** An attachment of which this Mooring has a record that it made it and none that it took it off. */
export interface Trace {
  readonly container: string;
  readonly network: string;
  readonly ifName: string;
  /** Without prefix. */
  readonly addresses: readonly string[];
  /** Path of the netns it was added in, `''` when that is not known. */
  readonly netns: string;
  /** All that a DEL needs; `undefined` when its conflist can't be read any more. */
  readonly attachment: Attachment | undefined;
  /** Whether it is from the result cache, where it is to be removed. */
  readonly isCached: boolean;
}

/** What the files of our own result cache tell: one is there from ADD to DEL. */
export function tracesOfCache(dir: string, entries: readonly CacheEntry[]): readonly Trace[] {
  return entries.flatMap((entry) => {
    const container = idOf(entry.containerId);
    if (container === undefined) return [];
    const { network, ifName, netns } = entry;
    const result = resultOf(entry);
    const attachment = attachmentOf(dir, entry, result);
    return [
      {
        container,
        network,
        ifName,
        netns,
        addresses: addressesOf(result),
        attachment,
        isCached: true
      }
    ];
  });
}

/** What a journal tells: an ADD that succeeded, and no DEL since that did. */
export async function tracesOfJournal(
  container: string,
  records: AsyncIterable<JournalRecord>
): Promise<readonly Trace[]> {
  const asked = new Map<string, Attachment>();
  const open = new Map<string, Trace>();
  for await (const { event, causation, requests } of records) {
    for (const { id, request } of requests) {
      if (request.type === 'cni.add') asked.set(id, request.attachment);
    }
    if (event.type === 'attachment.deleted') open.delete(event.network);
    if (event.type !== 'attachment.added' || causation === null) continue;
    const plan = asked.get(causation);
    if (plan === undefined) continue;
    const { network, ifName } = plan;
    const attachment = { ...plan, result: event.result };
    const addresses = addressesOf(event.result);
    open.set(network, {
      container,
      network,
      ifName,
      netns: '',
      addresses,
      attachment,
      isCached: false
    });
  }
  return [...open.values()];
}

/** Directories in which host-local keeps the leases of these, where a conflist names one. */
export function dataDirsOf(traces: readonly Trace[]): readonly string[] {
  return traces.flatMap(({ attachment }) =>
    (attachment?.conflist.plugins ?? []).flatMap(({ ipam }) => {
      const dir = isJsonObject(ipam) ? ipam['dataDir'] : undefined;
      return typeof dir === 'string' && dir.startsWith('/') ? [dir] : [];
    })
  );
}

function attachmentOf(
  dir: string,
  { network, ifName, config, args, capabilityArgs }: CacheEntry,
  result: CniResult | undefined
): Attachment | undefined {
  try {
    const conflist = parseConflist({ file: join(dir, network), text: config }, () => []);
    return { network, ifName, conflist, args, capabilityArgs, ...(result && { result }) };
  } catch (error) {
    if (error instanceof MooringError) return undefined;
    throw error;
  }
}

function resultOf({ result }: CacheEntry): CniResult | undefined {
  try {
    return isJsonObject(result) ? readCniResult(result, CNI_CURRENT) : undefined;
  } catch (error) {
    if (error instanceof MooringError) return undefined;
    throw error;
  }
}

function addressesOf(result: CniResult | undefined): readonly string[] {
  return (result?.ips ?? []).map(({ address }) => address.split('/')[0]!);
}
