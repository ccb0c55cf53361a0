import { differencesIn } from '../../src/replay/compare.ts';
import { isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';
import type { Course, Life } from './course.ts';

/**
 * What of a course on a host is not as the simulator has it, a line each, in the order it happened.
 */
export function differencesOf(simulated: Course, real: Course): readonly string[] {
  return [...momentsOf(simulated, real), ...livesOf(simulated, real)];
}

function momentsOf(simulated: Course, real: Course): readonly string[] {
  return simulated.moments.flatMap(({ outcome, facts }, index) => {
    const other = real.moments[index];
    if (other === undefined) return [`moment ${index}: not come to`];
    const where = `after ${index} (${outcome})`;
    const [model, host] = [facts.map(withoutPort), other.facts.map(withoutPort)];
    return [
      ...(outcome === other.outcome ? [] : [`${where}: on the host it is ${other.outcome}`]),
      ...without(model, host).map((fact) => `${where}: ${fact} is in the simulator alone`),
      ...without(host, model).map((fact) => `${where}: ${fact} is on the host alone`)
    ];
  });
}

function livesOf(simulated: Course, real: Course): readonly string[] {
  const keys = new Set([...simulated.lives, ...real.lives].map(({ key }) => key));
  return [...keys].flatMap((key) => {
    const [model, host] = [recordsOf(simulated.lives, key), recordsOf(real.lives, key)];
    const differ = model.findIndex(
      (record, index) => JSON.stringify(record) !== JSON.stringify(host[index])
    );
    const first = differ === -1 && host.length > model.length ? model.length : differ;
    if (first === -1) return [];
    const fields = differencesIn(model[first], host[first]);
    return fields.map(
      ({ path, recorded, current }) =>
        `${key} ${first + 1} ${typeOf(model[first] ?? host[first])}: ${path} is ${JSON.stringify(recorded)} in the simulator and ${JSON.stringify(current)} on the host`
    );
  });
}

/** All that an actor took, life after life. */
function recordsOf(lives: readonly Life[], key: string): readonly Json[] {
  const taken = lives.filter((life) => life.key === key).flatMap(({ records }) => records);
  return taken.map((record) => named(observable(record as unknown as Json)));
}

function typeOf(record: Json | undefined): string {
  const event = isJsonObject(record) ? record['event'] : undefined;
  return isJsonObject(event) ? text(event['type']) : '';
}

/**
 * What can be told of a record on any host: not what a failure is called in words, where a netns is found in
 * the kernel, and what else a plugin answers besides addresses.
 */
function observable(value: Json): Json {
  if (Array.isArray(value)) return value.map(observable);
  if (!isJsonObject(value)) return value;
  if ('conflist' in value) return attachmentOf(value);
  const kept = Object.entries(value).filter(([name]) => !LEFT_OUT.has(name));
  return Object.fromEntries(
    kept.map(([name, inner]) => [name, (SUMMARIES[name] ?? observable)(inner)])
  );
}

const SUMMARIES: Readonly<Record<string, (value: Json) => Json>> = {
  result: addressesIn,
  drifts: driftsIn
};

const LEFT_OUT: ReadonlySet<string> = new Set(['message', 'device', 'inode', 'text', 'object']);

function attachmentOf({ network, ifName, result, pinned, capabilityArgs }: JsonObject): Json {
  return {
    network: network!,
    ifName: ifName!,
    capabilityArgs: capabilityArgs!,
    ...(result !== undefined && { result: addressesIn(result) }),
    ...(pinned !== undefined && { pinned })
  };
}

function addressesIn(result: Json): Json {
  const ips = isJsonObject(result) ? result['ips'] : undefined;
  return Array.isArray(ips) ? (ips as JsonObject[]).map(({ address }) => address!) : [];
}

/** Of each kind that something is gone: the model knows neither routes nor of how many rules a plugin makes one. */
function driftsIn(drifts: Json): Json {
  const lines = (drifts as JsonObject[])
    .filter(({ kind }) => kind !== 'route')
    .map(({ network, kind }) => `${text(network)} ${text(kind)}`);
  return [...new Set(lines)].sort().join();
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Which port was chosen, where one was to be: `P`. */
function withoutPort(text: string): string {
  return text.replace(/\b(3[2-9]|[45]\d|6[0-5])\d{3}\b/g, 'P');
}

function named(record: Json): Json {
  const text = JSON.stringify(record);
  return JSON.parse(
    text.replace(/"hostPort":(\d+)/g, (_, port: string) => `"hostPort":"${withoutPort(port)}"`)
  ) as Json;
}

function without(some: readonly string[], others: readonly string[]): readonly string[] {
  return some.filter((fact) => !others.includes(fact));
}
