import { MooringError } from '../../model/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';

/** What a file of the result cache holds; what it lacks is empty. */
export interface CacheEntry {
  /** `bareResult` is a file of libcni 0.7: there is a result and nothing else. */
  readonly kind: 'cniCacheV1' | 'bareResult';
  readonly containerId: string;
  readonly network: string;
  readonly ifName: string;
  /** `''` in files of libcni before 1.2. */
  readonly netns: string;
  /** Text of the configuration that was used for ADD. */
  readonly config: string;
  readonly args: readonly (readonly [string, string])[];
  readonly capabilityArgs: JsonObject;
  /** As a plugin printed it, in a version of its own. */
  readonly result: Json | undefined;
}

/**
 * Reads a file of the cache, whoever wrote it: keys in any case, as Go takes them.
 *
 * @throws MooringError `cni.cacheCorrupt` naming the file
 */
export function entryOf(path: string, text: string): CacheEntry {
  const value = parseObject(path, text);
  const fields = new Map(Object.entries(value).map(([key, item]) => [key.toLowerCase(), item]));
  if (fields.get('kind') !== 'cniCacheV1') return { ...EMPTY, result: value };
  const textAt = (key: string): string => textOr(fields.get(key));
  return {
    kind: 'cniCacheV1',
    containerId: textAt('containerid'),
    network: textAt('networkname'),
    ifName: textAt('ifname'),
    netns: textAt('netns'),
    config: Buffer.from(textAt('config'), 'base64').toString('utf8'),
    args: argsOf(fields.get('cniargs')),
    capabilityArgs: objectOr(fields.get('capabilityargs')),
    result: fields.get('result')
  };
}

const EMPTY: CacheEntry = {
  kind: 'bareResult',
  containerId: '',
  network: '',
  ifName: '',
  netns: '',
  config: '',
  args: [],
  capabilityArgs: {},
  result: undefined
};

function parseObject(path: string, text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch (error) {
    throw new MooringError('cni.cacheCorrupt', `${path}: it is not JSON`, { cause: error });
  }
  throw new MooringError('cni.cacheCorrupt', `${path}: it is not a JSON object`);
}

function textOr(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function objectOr(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function argsOf(value: Json | undefined): readonly (readonly [string, string])[] {
  const pairs = Array.isArray(value) ? (value as readonly Json[]) : [];
  return pairs.filter(isPair);
}

function isPair(pair: Json): pair is readonly [string, string] {
  return Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
}
