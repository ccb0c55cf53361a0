import type { AttachmentPlan, PortMapping } from './container.ts';
import type { Conflist, PluginConf } from './conflist.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { parseInterfaceName } from './names.ts';
import { isPortmapped } from './port-handler.ts';

/**
 * The plans with the ports to publish given to the first network that can publish.
 *
 * A range stays one: `portMappings` of a plan are ours, and `expandCapabilities` makes them what
 * a plugin reads.
 * The plans come back as they were when there is nothing to publish, or no network
 * that could; `networks.resolve` has refused the latter before.
 */
export function withPorts(
  plans: readonly AttachmentPlan[],
  ports: readonly PortMapping[]
): AttachmentPlan[] {
  const portmapped = ports.filter(isPortmapped);
  const isNone = portmapped.length === 0;
  const first = isNone ? -1 : plans.findIndex(({ conflist }) => publishes(conflist));
  const portMappings = portmapped.map(capabilityOf);
  return plans.map((plan, index) =>
    index === first ? { ...plan, capabilityArgs: { ...plan.capabilityArgs, portMappings } } : plan
  );
}

/**
 * Capability arguments as plugins read them: `portMappings` knows no ranges, so that one of
 * theirs becomes as many entries as it has ports.
 */
export function expandCapabilities(supplied: JsonObject): JsonObject {
  const { portMappings } = supplied;
  if (!Array.isArray(portMappings)) return supplied;
  return { ...supplied, portMappings: (portMappings as readonly Json[]).flatMap(singlePorts) };
}

/** Whether it is this attachment that publishes the container's ports. */
export function carriesPorts({ capabilityArgs }: Pick<AttachmentPlan, 'capabilityArgs'>): boolean {
  return Object.hasOwn(capabilityArgs, 'portMappings');
}

/** Whether one of its plugins declares `portMappings`. */
export function publishes(conflist: Conflist): boolean {
  return declares(conflist, 'portMappings');
}

/** Whether one of its plugins declares the capability. */
export function declares({ plugins }: Conflist, capability: string): boolean {
  return plugins.some((plugin) => declaredBy(plugin, capability));
}

/** Whether the plugin declares the capability: present and `true`. */
export function declaredBy({ capabilities }: PluginConf, capability: string): boolean {
  return (
    isJsonObject(capabilities) &&
    Object.hasOwn(capabilities, capability) &&
    capabilities[capability] === true
  );
}

/** Bridges that the plugins of the list may make, `['cni-front']`; a name no link can have is left out. */
export function bridgesOf({ plugins }: Pick<Conflist, 'plugins'>): string[] {
  const names = plugins
    .filter(({ type }) => type === 'bridge')
    .map(({ bridge }) => (typeof bridge === 'string' && bridge !== '' ? bridge : 'cni0'));
  return [...new Set(names)].filter(isInterfaceName);
}

function capabilityOf(mapping: PortMapping): JsonObject {
  const { hostIp, hostPort, containerPort, protocol, range, via } = mapping;
  // What slirp4netns forwards comes to its own address, whatever the host's was.
  const first = { hostPort, containerPort, protocol, hostIP: via === undefined ? hostIp : '' };
  return range === 1 ? first : { ...first, range };
}

function singlePorts(entry: Json): Json[] {
  if (!isJsonObject(entry)) return [entry];
  const { range, ...first } = entry;
  const { hostPort, containerPort } = first;
  if (typeof range !== 'number' || typeof hostPort !== 'number') return [entry];
  return Array.from({ length: range }, (_, offset) => ({
    ...first,
    hostPort: hostPort + offset,
    containerPort: Number(containerPort) + offset
  }));
}

function isInterfaceName(name: string): boolean {
  try {
    parseInterfaceName(name);
    return true;
  } catch {
    return false;
  }
}
