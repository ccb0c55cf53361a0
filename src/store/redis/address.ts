import { readFileSync } from 'node:fs';
import { MooringError } from '../../model/failure.ts';
import { parseContainerId } from '../../model/names.ts';
import { parseNodes, type Node } from './nodes.ts';

/** Where Redis is and how to use it, as the URL says. */
export interface RedisAddress {
  readonly mode: 'single' | 'socket' | 'sentinel' | 'cluster';
  /** Servers, or sentinels; of a socket none. */
  readonly nodes: readonly Node[];
  /** Absolute path of the server's socket. */
  readonly path: string | undefined;
  /** Name of the primary that the sentinels watch. */
  readonly primary: string | undefined;
  readonly db: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly sentinelUsername: string | undefined;
  readonly sentinelPassword: string | undefined;
  /** PEM; `undefined` without TLS. */
  readonly tls:
    Readonly<Record<'ca' | 'cert' | 'key' | 'servername', string | undefined>> | undefined;
  /** First part of every key. */
  readonly prefix: string;
  /** How long new work waits for a server that does not answer, milliseconds. */
  readonly patienceMs: number;
  /** Life of a lease that is not renewed, milliseconds. */
  readonly leaseMs: number;
  /** Replicas that must have a lease before it counts as given. */
  readonly replicas: number;
  /** Records that a host's stream keeps, about. */
  readonly events: number;
  /** The URL without its secrets, for messages. */
  readonly text: string;
}

/** Whether a store is named by a URL of ours. */
export function isRedisUrl(store: string): boolean {
  return /^rediss?(\+[a-z]+)?:/.test(store);
}

/**
 * Reads `redis://user:password@host:6379/0?option=value` and its relatives.
 *
 * @throws MooringError `store.badUrl` naming the part; `store.unsafe` for a server that anybody on the way could use
 */
export function parseAddress(url: string): RedisAddress {
  const [, scheme = '', kind = '', userInfo, authority = '', path = '', query = ''] =
    URL_PARTS.exec(url) ?? [];
  const mode = MODES.get(kind);
  if (mode === undefined) throw badUrl(url, 'it must begin with redis:// or a relative of it');
  const options = optionsOf(url, query);
  const [username, password] = credentials(url, userInfo, options);
  const nodes = mode === 'socket' ? [] : parseNodes(authority, mode === 'sentinel' ? 26379 : 6379);
  if (nodes === undefined) throw badUrl(url, `${JSON.stringify(authority)} names no server`);
  if (mode === 'single' && nodes.length > 1) throw badUrl(url, 'it names more than one server');
  const address: RedisAddress = {
    mode,
    nodes,
    ...placeOf(url, mode, path, options),
    username,
    password,
    sentinelUsername: options.get('sentinel-user'),
    sentinelPassword: secretIn(url, options, 'sentinel-password-file'),
    tls: scheme === 'rediss' ? tlsOf(url, options) : undefined,
    prefix: prefixOf(url, options.get('prefix') ?? 'mooring'),
    patienceMs: whole(url, options, 'patience', { ifAbsent: 80, least: 10, most: 3_600_000 }),
    leaseMs: whole(url, options, 'lease', { ifAbsent: 10_000, least: 200, most: 600_000 }),
    replicas: whole(url, options, 'replicas', { ifAbsent: 0, least: 0, most: 16 }),
    events: whole(url, options, 'events', { ifAbsent: 4_096, least: 16, most: 10_000_000 }),
    text: withoutSecrets(url)
  };
  // WAIT asks one server, and which one it is asked of in a cluster is not ours to say.
  if (mode === 'cluster' && address.replicas > 0) throw badUrl(url, 'replicas is for one primary');
  if (options.get('insecure') !== 'yes') expectSafe(address);
  return address;
}

const URL_PARTS = /^(rediss?)(?:\+([a-z]+))?:\/\/(?:([^@/?]*)@)?([^/?]*)([^?]*)(?:\?(.*))?$/;

const MODES: ReadonlyMap<string, RedisAddress['mode']> = new Map([
  ['', 'single'],
  ['unix', 'socket'],
  ['sentinel', 'sentinel'],
  ['cluster', 'cluster']
]);

const OPTIONS = [
  'db',
  'prefix',
  'patience',
  'lease',
  'replicas',
  'events',
  'insecure',
  'password-file',
  'sentinel-user',
  'sentinel-password-file',
  'ca',
  'cert',
  'key',
  'servername'
];

function optionsOf(url: string, query: string): ReadonlyMap<string, string> {
  const options = new Map(new URLSearchParams(query));
  const unknown = [...options.keys()].find((name) => !OPTIONS.includes(name));
  if (unknown === undefined) return options;
  throw badUrl(url, `option ${unknown} is not one of ${OPTIONS.join(', ')}`);
}

function credentials(
  url: string,
  userInfo: string | undefined,
  options: ReadonlyMap<string, string>
): readonly [string | undefined, string | undefined] {
  const [user, secret] = (userInfo ?? '')
    .split(/:(.*)/s)
    .map((text) => decoded(url, 'user or password', text));
  const password = secretIn(url, options, 'password-file') ?? (secret || undefined);
  return [user || undefined, password];
}

function decoded(url: string, what: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl(url, `${what} is not encoded as a URL has it`);
  }
}

function placeOf(
  url: string,
  mode: RedisAddress['mode'],
  path: string,
  options: ReadonlyMap<string, string>
): Pick<RedisAddress, 'path' | 'primary' | 'db'> {
  const parts = path.split('/').slice(1);
  const none = { path: undefined, primary: undefined };
  const dbOf = (text = '') => {
    const given = text || (options.get('db') ?? '0');
    if (/^\d{1,5}$/.test(given)) return Number(given);
    throw badUrl(url, `database ${JSON.stringify(given)} is not a number`);
  };
  switch (mode) {
    case 'socket':
      if (path.length < 2) throw badUrl(url, 'it names no socket');
      return { ...none, path: decoded(url, 'its path', path), db: dbOf() };
    case 'sentinel':
      if (!parts[0]) throw badUrl(url, 'it names no primary, as in /mymaster');
      return {
        ...none,
        primary: decoded(url, 'the name of its primary', parts[0]),
        db: dbOf(parts[1])
      };
    case 'single':
      return { ...none, db: dbOf(parts[0]) };
    case 'cluster':
      if (dbOf(parts[0]) === 0) return { ...none, db: 0 };
      throw badUrl(url, 'a cluster has database 0 alone');
  }
}

function tlsOf(url: string, options: ReadonlyMap<string, string>): RedisAddress['tls'] {
  return {
    ca: fileIn(url, options, 'ca'),
    cert: fileIn(url, options, 'cert'),
    key: fileIn(url, options, 'key'),
    servername: options.get('servername')
  };
}

function secretIn(url: string, options: ReadonlyMap<string, string>, name: string) {
  return fileIn(url, options, name)?.trim();
}

function fileIn(url: string, options: ReadonlyMap<string, string>, name: string) {
  const path = options.get(name);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw badUrl(url, `${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function prefixOf(url: string, text: string): string {
  try {
    return parseContainerId(text);
  } catch {
    throw badUrl(url, `prefix ${JSON.stringify(text)} must match [a-zA-Z0-9][a-zA-Z0-9_.-]*`);
  }
}

interface Bounds {
  readonly ifAbsent: number;
  readonly least: number;
  readonly most: number;
}

function whole(
  url: string,
  options: ReadonlyMap<string, string>,
  name: string,
  { ifAbsent, least, most }: Bounds
): number {
  const text = options.get(name) ?? String(ifAbsent);
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw badUrl(
    url,
    `${name} ${JSON.stringify(text)} must be a whole number from ${least} to ${most}`
  );
}

/** Without a password and without TLS, whoever is on the network is root on every host. */
function expectSafe({ mode, nodes, password, tls, text }: RedisAddress): void {
  if (mode === 'socket' || password !== undefined || tls?.cert !== undefined) return;
  if (nodes.every(({ host }) => LOOPBACK.test(host))) return;
  throw new MooringError(
    'store.unsafe',
    `${text} has no password and is not on this host; give it one, or say ?insecure=yes`
  );
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^@/?]*@/, '//').replace(/\?.*$/, '');
}

function badUrl(url: string, reason: string): MooringError {
  return new MooringError('store.badUrl', `store ${withoutSecrets(url)}: ${reason}`);
}
