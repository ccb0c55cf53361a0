import { isCidr, isIp } from './cni-ip.ts';
import type { CniDns, CniInterface, CniIp, CniResult, CniRoute } from './cni-result.ts';
import { CNI_CURRENT, isAtLeast, knownCniVersion } from './cni-version.ts';
import { MooringError } from './failure.ts';
import { isJsonObject, type JsonObject } from './json.ts';

/**
 * Reads what a plugin of any version from 0.1.0 on printed after ADD.
 *
 * `null` is `{}`. An interface index of -1, interfaces without a name and keys
 * nobody knows are let through or left out, as plugins exist that print them.
 *
 * @param configVersion stands in when the result names no version
 * @throws MooringError `cni.badResult` naming the field, `cni.versionUnsupported`, `cni.badVersion`
 * @see CNI specification 1.1.0, section 5
 */
export function parseCniResult(text: string, configVersion: string): CniResult {
  return readCniResult(parseJson(text), configVersion);
}

/** The same for JSON that has been parsed already. */
export function readCniResult(value: unknown, configVersion: string): CniResult {
  const result = value === null ? {} : objectAt(value, 'result');
  const version = knownCniVersion(textAt(result, 'cniVersion', '') ?? configVersion);
  return isAtLeast(version, '0.3.0') ? readInterfaces(result) : readFamilies(result);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MooringError('cni.badResult', 'result is not JSON', { cause: error });
  }
}

function readInterfaces(result: JsonObject): CniResult {
  return {
    cniVersion: CNI_CURRENT,
    ...defined({
      interfaces: listAt(result, 'interfaces', '', readInterface),
      ips: listAt(result, 'ips', '', readIp),
      routes: listAt(result, 'routes', '', readRoute),
      dns: readDns(result['dns'])
    })
  };
}

function readInterface(value: unknown, where: string): CniInterface {
  const item = objectAt(value, where);
  return {
    name: textAt(item, 'name', where) ?? '',
    ...defined({
      mac: textAt(item, 'mac', where),
      mtu: integerAt(item, 'mtu', where),
      sandbox: textAt(item, 'sandbox', where),
      socketPath: textAt(item, 'socketPath', where),
      pciID: textAt(item, 'pciID', where)
    })
  };
}

function readIp(value: unknown, where: string): CniIp {
  const item = objectAt(value, where);
  return {
    address: cidrAt(item, 'address', where),
    ...defined({
      gateway: ipAt(item, 'gateway', where),
      interface: integerAt(item, 'interface', where)
    })
  };
}

function readRoute(value: unknown, where: string): CniRoute {
  const item = objectAt(value, where);
  return {
    dst: cidrAt(item, 'dst', where),
    ...defined({
      gw: ipAt(item, 'gw', where),
      mtu: integerAt(item, 'mtu', where),
      advmss: integerAt(item, 'advmss', where),
      priority: integerAt(item, 'priority', where),
      table: integerAt(item, 'table', where),
      scope: integerAt(item, 'scope', where)
    })
  };
}

/** `undefined` when nothing is in it: older plugins print `{}`. */
function readDns(value: unknown): CniDns | undefined {
  if (value === undefined || value === null) return undefined;
  const item = objectAt(value, 'dns');
  const dns = defined({
    nameservers: listAt(item, 'nameservers', 'dns', readText),
    domain: textAt(item, 'domain', 'dns'),
    search: listAt(item, 'search', 'dns', readText),
    options: listAt(item, 'options', 'dns', readText)
  });
  return Object.keys(dns).length === 0 ? undefined : dns;
}

// 0.1.0 and 0.2.0: at most one address of each family, with its routes.
function readFamilies(result: JsonObject): CniResult {
  const families = ['ip4', 'ip6'].flatMap((key) => {
    const value = result[key];
    return value === undefined || value === null ? [] : [readFamily(objectAt(value, key), key)];
  });
  return {
    cniVersion: CNI_CURRENT,
    ips: families.map(({ ip }) => ip),
    routes: families.flatMap(({ routes }) => routes),
    ...defined({ dns: readDns(result['dns']) })
  };
}

function readFamily(item: JsonObject, where: string) {
  return {
    ip: {
      address: cidrAt(item, 'ip', where),
      ...defined({ gateway: ipAt(item, 'gateway', where) })
    },
    routes: listAt(item, 'routes', where, readRoute) ?? []
  };
}

function objectAt(value: unknown, where: string): JsonObject {
  if (!isJsonObject(value)) throw bad(where, 'an object');
  return value;
}

// An empty string is what Go prints for one that was never set.
function textAt(item: JsonObject, key: string, where: string): string | undefined {
  const value = item[key];
  if (value === undefined || value === null || value === '') return undefined;
  return readText(value, pathOf(where, key));
}

function readText(value: unknown, where: string): string {
  if (typeof value !== 'string') throw bad(where, 'a string');
  return value;
}

function integerAt(item: JsonObject, key: string, where: string): number | undefined {
  const value = item[key];
  if (value === undefined || value === null) return undefined;
  if (!Number.isSafeInteger(value)) throw bad(pathOf(where, key), 'an integer');
  return value as number;
}

function cidrAt(item: JsonObject, key: string, where: string): string {
  const text = textAt(item, key, where);
  if (text === undefined || !isCidr(text)) {
    throw bad(pathOf(where, key), 'an address with its prefix length');
  }
  return text;
}

function ipAt(item: JsonObject, key: string, where: string): string | undefined {
  const text = textAt(item, key, where);
  if (text !== undefined && !isIp(text)) throw bad(pathOf(where, key), 'an address');
  return text;
}

function listAt<Item>(
  item: JsonObject,
  key: string,
  where: string,
  read: (value: unknown, where: string) => Item
): readonly Item[] | undefined {
  const value = item[key];
  const path = pathOf(where, key);
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw bad(path, 'a list');
  return value.map((entry: unknown, index) => read(entry, `${path}[${index}]`));
}

function pathOf(where: string, key: string): string {
  return where === '' ? key : `${where}.${key}`;
}

function bad(where: string, what: string): MooringError {
  return new MooringError('cni.badResult', `${where} in the result must be ${what}`);
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

// An absent key and a key that is `undefined` are not the same in JSON.
function defined<T extends object>(item: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(item).filter(([, value]) => value !== undefined)
  ) as Defined<T>;
}
