import { readdirSync, readFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import {
  parseConflist,
  parseSingleConf,
  type ConfFile,
  type Conflist
} from '../../model/conflist.ts';
import { errorOf, failureOf, MooringError, type Failure } from '../../model/failure.ts';
import { readOnce } from '../read-once.ts';

/** A network that can be used, and where it comes from. */
export interface LoadedNetwork {
  readonly conflist: Conflist;
  /** Absolute path. */
  readonly file: string;
  /** `single` is a configuration of one plugin, read as a list of one. */
  readonly kind: 'list' | 'single';
  /** Milliseconds since the epoch. */
  readonly mtimeMs: number;
  /** Milliseconds since the epoch. */
  readonly ctimeMs: number;
}

/** Why a file gives no network; it hides no other file. */
export interface ConflistProblem extends Failure {
  /** Absolute path. */
  readonly file: string;
  /** The network it seems to be about, if that much can be read. */
  readonly network?: string;
}

export interface LoadedConflists {
  /** In the order of their files, lists first. */
  readonly networks: readonly LoadedNetwork[];
  readonly problems: readonly ConflistProblem[];
}

const FILE_MAX_BYTES = 1024 * 1024;

/**
 * Reads every network of a directory: `*.conflist` by name, then `*.conf` and `*.json`.
 *
 * The first file of a name wins, so a list beats a single configuration; the later
 * one is reported as a problem. A directory that does not exist holds no networks.
 * Reading blocks: the files are few and small.
 *
 * @throws MooringError `conflist.unreadable` when the directory can't be listed
 */
export async function loadConflists(dir: string): Promise<LoadedConflists> {
  const files = namesIn(dir);
  const lists = files.filter((file) => file.endsWith('.conflist')).map((file) => load(dir, file));
  const singles = files
    .filter((file) => /\.(conf|json)$/.test(file))
    .map((file) => load(dir, file));
  const networks = new Map<string, LoadedNetwork>();
  const problems: ConflistProblem[] = [];
  for (const loaded of [...lists, ...singles]) {
    if ('code' in loaded) problems.push(loaded);
    else keepFirst(networks, problems, loaded);
  }
  return { networks: [...networks.values()], problems };
}

/**
 * The network of that name.
 *
 * @throws MooringError `network.notFound`; the file's own `conflist.*` when only a broken one has the name
 */
export async function findConflist(dir: string, name: string): Promise<LoadedNetwork> {
  return networkIn(await loadConflists(dir), dir, name);
}

/** The same in what has been loaded from `dir` already. */
export function networkIn(
  { networks, problems }: LoadedConflists,
  dir: string,
  name: string
): LoadedNetwork {
  const found = networks.find(({ conflist }) => conflist.name === name);
  if (found) return found;
  const broken = problems.find(({ network }) => network === name);
  if (broken) throw errorOf({ code: broken.code, message: `network ${name}: ${broken.message}` });
  const unknown = problems.filter(({ network }) => network === undefined);
  const hint = unknown.map(({ message }) => `; ${message}`).join('');
  throw new MooringError('network.notFound', `network ${name}: not found in ${dir}${hint}`);
}

function keepFirst(
  networks: Map<string, LoadedNetwork>,
  problems: ConflistProblem[],
  loaded: LoadedNetwork
): void {
  const { name } = loaded.conflist;
  const first = networks.get(name);
  if (first === undefined) {
    networks.set(name, loaded);
    return;
  }
  problems.push({
    code: 'conflist.duplicateName',
    message: `${loaded.file}: network ${name} is defined by ${first.file} already`,
    file: loaded.file,
    network: name
  });
}

interface Content {
  readonly text: string;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  /** What it says when its sub-directory adds nothing. */
  alone?: Conflist;
}

const contents = readOnce<Content>();
const listings = readOnce<readonly string[]>();

function load(dir: string, name: string): LoadedNetwork | ConflistProblem {
  const file = join(dir, name);
  let text = '';
  try {
    const content = contentOf(file);
    const { mtimeMs, ctimeMs } = content;
    text = content.text;
    const kind = name.endsWith('.conflist') ? 'list' : 'single';
    const conflist = kind === 'list' ? listIn(dir, file, content) : singleIn(file, content);
    return { conflist, file, kind, mtimeMs, ctimeMs };
  } catch (error) {
    const network = nameIn(text);
    return { ...failure(error, file), file, ...(network !== undefined && { network }) };
  }
}

function singleIn(file: string, content: Content): Conflist {
  return (content.alone ??= parseSingleConf({ file, text: content.text }));
}

function listIn(dir: string, file: string, content: Content): Conflist {
  const { text, alone } = content;
  if (alone?.loadOnlyInlinedPlugins) return alone;
  if (alone !== undefined && furtherFiles(dir, alone.name).length === 0) return alone;
  let further = 0;
  const conflist = parseConflist({ file, text }, (network) => {
    const files = furtherFiles(dir, network).map(readConf);
    further = files.length;
    return files;
  });
  if (further === 0) content.alone = conflist;
  return conflist;
}

/** Paths of the plugins that a network's sub-directory adds. */
function furtherFiles(dir: string, network: string): readonly string[] {
  const subDir = join(dir, network);
  return namesIn(subDir)
    .filter((name) => name.endsWith('.conf'))
    .map((name) => join(subDir, name));
}

function readConf(file: string): ConfFile {
  try {
    return { file, text: contentOf(file).text };
  } catch (error) {
    throw errorOf(failure(error, file), error);
  }
}

function contentOf(file: string): Content {
  const content = contents.get(file, (stat) => {
    checkStat(file, stat);
    const { mtimeMs, ctimeMs } = stat;
    return { text: readFileSync(file, 'utf8'), mtimeMs, ctimeMs };
  });
  if (content !== undefined) return content;
  throw new MooringError('conflist.unreadable', `${file}: it is not there any more`);
}

// Opening a FIFO would wait for its writer.
function checkStat(file: string, stat: Stats): void {
  if (!stat.isFile()) {
    throw new MooringError('conflist.unreadable', `${file}: it is not a regular file`);
  }
  if (stat.size > FILE_MAX_BYTES) {
    throw new MooringError(
      'conflist.tooLarge',
      `${file}: it is larger than ${FILE_MAX_BYTES} bytes`
    );
  }
}

function namesIn(dir: string): readonly string[] {
  try {
    return listings.get(dir, () => readdirSync(dir).sort()) ?? [];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw errorOf(failure(error, dir), error);
  }
}

function failure(error: unknown, file: string): Failure {
  if (error instanceof MooringError) return error.failure;
  return { code: 'conflist.unreadable', message: failureOf(error, 'conflist', file).message };
}

// In a file that is not JSON the first "name" is most likely the network's.
function nameIn(text: string): string | undefined {
  return /"name"\s*:\s*"([A-Za-z0-9][A-Za-z0-9_.-]*)"/.exec(text)?.[1];
}
