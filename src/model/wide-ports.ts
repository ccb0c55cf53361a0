import { isJsonObject, type Json, type JsonObject } from './json.ts';

/** A port mapping among the capability arguments of a plan, which is a range there. */
export type CapabilityPort = JsonObject & {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: string;
  readonly hostIP: string;
  readonly range: number;
};

/** A range of more ports is wide; one rule of iptables names 15 single ports. */
const NARROW_MAX = 16;

/** The wide ranges of `portMappings`. */
export function wideMappings({ portMappings }: JsonObject): readonly CapabilityPort[] {
  return Array.isArray(portMappings) ? (portMappings as readonly Json[]).filter(isWide) : [];
}

/** Capability arguments with the first port of each wide range in its place. */
export function firstOfWide(supplied: JsonObject): JsonObject {
  const { portMappings } = supplied;
  if (!Array.isArray(portMappings)) return supplied;
  const narrow = (portMappings as readonly Json[]).map((entry) => {
    if (!isWide(entry)) return entry;
    const { range: _range, ...first } = entry;
    return first;
  });
  return { ...supplied, portMappings: narrow };
}

function isWide(entry: Json): entry is CapabilityPort {
  return isJsonObject(entry) && typeof entry['range'] === 'number' && entry['range'] > NARROW_MAX;
}
