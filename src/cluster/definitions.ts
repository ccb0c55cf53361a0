import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConflists } from '../effects/cni/conflists.ts';
import { replaceFile } from '../effects/cni/replace-file.ts';
import { removeConflist, writeConflist } from '../effects/networks/conflist-file.ts';
import type { SharedLock } from '../effects/networks/plugin-lock.ts';
import { failureOf, type Failure } from '../model/failure.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import { parseNetworkName } from '../model/names.ts';
import type { SharedNetwork, SharedNetworks } from '../store/cluster.ts';

/** The networks that were made on any host, as files of this one. */
export interface Definitions {
  /**
   * Makes the directory hold what the hosts share. It costs one question where nothing has changed.
   *
   * @throws MooringError `store.…` while the store is away
   */
  sync(): Promise<void>;
  /**
   * Before it is written here.
   *
   * @throws MooringError `network.exists`, `network.subnetReserved`, and nothing is shared
   */
  share(network: NewNetwork): Promise<void>;
  unshare(name: string): Promise<void>;
}

export interface NewNetwork {
  readonly name: string;
  readonly conflist: JsonObject;
  /** CIDRs */
  readonly subnets: readonly string[];
}

export interface DefinitionsDeps {
  readonly shared: SharedNetworks;
  readonly root: string;
  readonly confDir: string;
  /** Of the directory. It is held while a network is shared. */
  readonly lock: SharedLock;
  readonly usersOf: (network: string) => Promise<readonly string[]>;
  /** Told of a definition that can't be had here. */
  readonly onTrouble: (failure: Failure) => void;
}

/** What was written here, and when that was looked at last. */
interface Known {
  readonly v: 1;
  readonly version: number;
  /** Whether something is left to be done although the version is the same. */
  readonly due: boolean;
  readonly networks: Readonly<Record<string, Pick<SharedNetwork, 'conflist' | 'subnets'>>>;
}

const NOTHING: Known = { v: 1, version: 0, due: false, networks: {} };

export function definitionsOf(deps: DefinitionsDeps): Definitions {
  const { shared, lock } = deps;
  const path = join(deps.root, 'shared-networks.json');

  return {
    async sync() {
      if (!isDue(readKnown(path), await shared.version())) return;
      await lock.exclusive(bring, new AbortController().signal);
    },
    share: ({ conflist, ...network }) =>
      shared.define({ ...network, conflist: JSON.stringify(conflist) }),
    unshare: (name) => shared.remove(name)
  };

  async function bring(): Promise<void> {
    const known = readKnown(path);
    const found = await shared.version();
    if (!isDue(known, found)) return;
    // It has less than it had: what was defined by then is defined again.
    if (found < known.version) await putBack(deps, known);
    const [version, all] = [await shared.version(), await shared.list()];
    const written = await writeAll(deps, known, all);
    const kept = await removeOthers(deps, known, all);
    const networks = { ...kept, ...written };
    const due = Object.keys(kept).length > 0;
    replaceFile(path, JSON.stringify({ v: 1, version, due, networks } satisfies Known));
  }
}

function isDue({ version, due }: Known, found: number): boolean {
  return due || found !== version;
}

async function putBack({ shared, onTrouble }: DefinitionsDeps, known: Known): Promise<void> {
  const there = new Set((await shared.list()).map(({ name }) => name));
  for (const [name, network] of Object.entries(known.networks)) {
    if (there.has(name)) continue;
    try {
      await shared.define({ name, ...network });
    } catch (error) {
      onTrouble(failureOf(error, 'network', `defining ${name} again`));
    }
  }
}

/** @returns what the directory holds of them as they are shared */
async function writeAll(
  deps: DefinitionsDeps,
  known: Known,
  all: readonly SharedNetwork[]
): Promise<Known['networks']> {
  const here = await readHere(deps.confDir);
  const written: Record<string, Known['networks'][string]> = {};
  for (const { name, conflist, subnets } of all) {
    try {
      const wanted = parseDefinition(name, conflist);
      const found = here.get(name);
      const isOurs = found?.text === known.networks[name]?.conflist;
      if (found !== undefined && found.text !== conflist && isOurs) {
        await removeConflist(deps.confDir, found.file);
      }
      // One that somebody has made here by hand stays as it is.
      if (found === undefined || (found.text !== conflist && isOurs)) {
        await writeConflist(deps.confDir, name, wanted);
      }
      written[name] = { conflist, subnets };
    } catch (error) {
      deps.onTrouble(failureOf(error, 'network', `defining ${name} here`));
    }
  }
  return written;
}

/** @returns those that are no longer shared and still in use here */
async function removeOthers(
  { confDir, usersOf }: DefinitionsDeps,
  known: Known,
  all: readonly SharedNetwork[]
): Promise<Known['networks']> {
  const names = new Set(all.map(({ name }) => name));
  const gone = Object.entries(known.networks).filter(([name]) => !names.has(name));
  if (gone.length === 0) return {};
  const here = await readHere(confDir);
  const kept: Record<string, Known['networks'][string]> = {};
  for (const [name, network] of gone) {
    const found = here.get(name);
    if (found?.text !== network.conflist) continue;
    if ((await usersOf(name)).length > 0) kept[name] = network;
    else await removeConflist(confDir, found.file);
  }
  return kept;
}

interface Here {
  /** As it would be shared. */
  readonly text: string;
  readonly file: string;
}

async function readHere(confDir: string): Promise<ReadonlyMap<string, Here>> {
  const { networks } = await loadConflists(confDir);
  return new Map(
    networks.map(({ conflist, file }) => [
      conflist.name,
      { text: JSON.stringify(JSON.parse(readFileSync(file, 'utf8'))), file }
    ])
  );
}

/** @throws MooringError `network.badName`; whatever else is wrong with it, its user is told */
function parseDefinition(name: string, text: string): JsonObject {
  const conflist: unknown = JSON.parse(text);
  if (!isJsonObject(conflist) || conflist['name'] !== parseNetworkName(name)) {
    throw new Error('it is the definition of another network');
  }
  return conflist;
}

function readKnown(path: string): Known {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return NOTHING;
    throw error;
  }
  try {
    const known: unknown = JSON.parse(text);
    if (isJsonObject(known) && known['v'] === 1 && isJsonObject(known['networks'])) {
      return known as unknown as Known;
    }
  } catch {
    // Looked at anew: it is a memory of what there is elsewhere.
  }
  return NOTHING;
}
