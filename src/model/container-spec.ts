import * as v from 'valibot';
import { parseMac, parseAlias, parseHostAddress } from './network-option.ts';
import type {
  AttachmentSpec,
  ContainerSpec,
  ExposedPort,
  NamespaceSpec,
  PortMapping
} from './container.ts';
import { namesInput, parseNames, type NamesMode } from './container-names.ts';
import { MooringError, oneLine } from './failure.ts';
import { parseContainerId, parseInterfaceName, parseNetworkName } from './names.ts';
import { checkPorts } from './port-conflicts.ts';
import { publishAll, unpublished } from './port-expose.ts';
import { checkPort, parseProtocols, parseVia } from './port.ts';
import { parseUplink, type UplinkInput } from './uplink-input.ts';
import type { UplinkSpec } from './uplink.ts';

const NETWORKS_MAX = 64;
const IPS_MAX = 64;
const ALIASES_MAX = 64;

const texts = v.optional(v.array(v.string()));

const attachmentInput = v.strictObject({
  name: v.string(),
  ips: texts,
  mac: v.optional(v.string()),
  aliases: texts,
  interfaceName: v.optional(v.string())
});

const portInput = v.strictObject({
  hostPort: v.optional(v.number()),
  containerPort: v.number(),
  hostIp: v.optional(v.string()),
  range: v.optional(v.number()),
  protocol: v.optional(v.string()),
  via: v.optional(v.string())
});

const exposeInput = v.strictObject({
  port: v.number(),
  range: v.optional(v.number()),
  protocol: v.optional(v.string())
});

const netnsInput = v.lazy((input) =>
  typeof input === 'string'
    ? v.literal('host')
    : v.strictObject({
        pid: v.optional(v.number()),
        path: v.optional(v.string()),
        container: v.optional(v.string())
      })
);

const uplinkInput = v.strictObject({
  kind: v.picklist(['slirp4netns', 'pasta']),
  options: v.optional(v.array(v.string()))
});

const specInput = v.strictObject({
  id: v.string(),
  // Not a union: it would only say that neither fits.
  networks: v.optional(
    v.lazy((input) => (typeof input === 'string' ? v.literal('none') : v.array(attachmentInput)))
  ),
  ports: v.optional(v.array(portInput)),
  expose: v.optional(v.array(exposeInput)),
  publishAll: v.optional(v.boolean()),
  netns: v.optional(netnsInput),
  uplink: v.optional(uplinkInput),
  ...namesInput
});

/**
 * What a caller asks for, checked, with every interface named.
 *
 * @param input as `UpInput` of the library; whatever a JavaScript caller may pass
 * @param defaults.network attached when no network is asked for
 * @throws MooringError `container.badInput`, `container.badId`, `network.badName`, `slirp.badOption`, `pasta.badOption`,
 *   `network.duplicate`, `network.tooMany`, `interface.badName`, `interface.duplicate`,
 *   `address.bad`, `mac.bad`, `alias.bad`, `netns.badPid`, `netns.badPath`, `port.…`,
 *   `hostname.bad`, `dns.…`, `hosts.…`
 */
export function parseContainerSpec(
  input: unknown,
  defaults: { readonly network: string }
): ContainerSpec {
  const given = v.safeParse(specInput, input);
  if (!given.success) throw badInput(given.issues[0]);
  const { id, networks, ports, netns, expose, publishAll: all } = given.output;
  const namespace = netns === undefined ? undefined : parseNamespace(netns);
  const uplink = given.output.uplink && parseUplink(given.output.uplink as UplinkInput);
  const attaches = namespace === undefined || namespace.kind === 'process';
  const mode = uplink?.kind ?? (namespace && !attaches ? modeOf(namespace) : undefined);
  if (uplink && !attaches) throw noUplink(modeOf(namespace), uplink);
  if (mode !== undefined && networks !== 'none' && networks?.length) throw noNetworks(mode);
  const isEmpty = mode !== undefined || networks === 'none';
  const asked = isEmpty ? [] : networks?.length ? networks : [{ name: defaults.network }];
  const published = checkPorts((ports ?? []).flatMap(parsePort));
  const exposed = unpublished((expose ?? []).flatMap(parseExposed), []);
  return {
    id: parseContainerId(id),
    networks: parseAttachments(asked),
    ports: all ? checkPorts([...published, ...publishAll(exposed, published)]) : published,
    ...(exposed.length > 0 && { expose: exposed }),
    ...(namespace && { namespace }),
    ...(uplink && { uplink }),
    ...(attaches && networks === 'none' && !uplink && { isolated: true as const }),
    ...parseNames(given.output, namesMode(namespace, asked.length + (uplink ? 1 : 0)))
  };
}

// In a netns of its own without networks there is nobody to ask.
function namesMode(namespace: NamespaceSpec | undefined, networks: number): NamesMode {
  if (namespace?.kind === 'container') return 'container';
  const attaches = namespace === undefined || namespace.kind === 'process';
  return attaches && networks === 0 ? 'none' : 'other';
}

/**
 * One more network for a container.
 *
 * @returns with an `ifName` of `''` when none was asked for
 * @throws MooringError as `parseContainerSpec`
 */
export function parseConnect(input: unknown): AttachmentSpec {
  const given = v.safeParse(attachmentInput, input);
  if (!given.success) throw badInput(given.issues[0]);
  const { name, interfaceName } = given.output;
  const ifName = interfaceName === undefined ? '' : parseInsideName(interfaceName);
  return parseAttachment(given.output, parseNetworkName(name), ifName);
}

type NetnsGiven = v.InferOutput<typeof netnsInput>;

// The start time of a process is looked up by whoever can see processes.
function parseNamespace(given: NetnsGiven): NamespaceSpec {
  if (given === 'host') return { kind: 'host' };
  const { pid, path, container } = given;
  if ([pid, path, container].filter((one) => one !== undefined).length !== 1) {
    throw new MooringError(
      'container.badInput',
      'container spec "netns": give exactly one of pid, path and container'
    );
  }
  if (pid !== undefined) return { kind: 'process', pid: parsePid(pid), startTime: '' };
  if (path !== undefined) return { kind: 'path', path: parseNetnsPath(path) };
  return { kind: 'container', container: parseContainerId(container!) };
}

function parsePid(pid: number): number {
  if (Number.isInteger(pid) && pid >= 1 && pid <= 2 ** 22) return pid;
  throw new MooringError('netns.badPid', `process id ${pid} must be a whole number from 1`);
}

function parseNetnsPath(path: string): string {
  if (path.startsWith('/') && oneLine(path) === path) return path;
  throw new MooringError(
    'netns.badPath',
    `network namespace path ${JSON.stringify(path)} must be absolute`
  );
}

function modeOf({ kind }: NamespaceSpec): string {
  return kind === 'path' ? 'ns' : kind;
}

function noNetworks(mode: string): MooringError {
  return new MooringError(
    'container.badInput',
    `networks can't be attached in network mode "${mode}"`
  );
}

function noUplink(mode: string, { kind }: UplinkSpec): MooringError {
  return new MooringError(
    'container.badInput',
    `network modes "${mode}" and "${kind}" exclude each other`
  );
}

type AttachmentGiven = v.InferOutput<typeof attachmentInput>;

function parseAttachments(asked: readonly AttachmentGiven[]): readonly AttachmentSpec[] {
  if (asked.length > NETWORKS_MAX) {
    throw new MooringError(
      'network.tooMany',
      `${asked.length} networks for one container, the limit is ${NETWORKS_MAX}`
    );
  }
  const names = asked.map(({ name }) => parseNetworkName(name));
  refuseTwice(names, 'network.duplicate', 'network', 'attached twice to one container');
  const explicit = asked.flatMap(({ interfaceName }) =>
    interfaceName === undefined ? [] : [parseInsideName(interfaceName)]
  );
  refuseTwice(explicit, 'interface.duplicate', 'interface name', 'given to two networks');

  const free = freeNames(new Set(explicit));
  return asked.map((attachment, index) =>
    parseAttachment(attachment, names[index]!, attachment.interfaceName ?? free())
  );
}

function parseAttachment(
  { ips, mac, aliases }: AttachmentGiven,
  network: string,
  ifName: string
): AttachmentSpec {
  atMost(ips, IPS_MAX, `addresses on network ${network}`);
  atMost(aliases, ALIASES_MAX, `aliases on network ${network}`);
  const addresses = ips?.map(parseHostAddress);
  refuseTwice(
    addresses ?? [],
    'address.duplicate',
    'address',
    `asked for twice on network ${network}`
  );
  return {
    network,
    ifName,
    ...(addresses?.length ? { ips: addresses } : {}),
    ...(mac === undefined ? {} : { mac: parseMac(mac) }),
    ...(aliases?.length ? { aliases: [...new Set(aliases.map(parseAlias))] } : {})
  };
}

function parsePort({
  hostIp,
  hostPort,
  containerPort,
  range,
  protocol,
  via
}: v.InferOutput<typeof portInput>): readonly PortMapping[] {
  return parseProtocols(protocol ?? 'tcp').map((each) =>
    checkPort({
      hostIp: hostIp ?? '',
      hostPort: hostPort ?? 0,
      containerPort,
      range: range ?? 1,
      protocol: each,
      ...(via !== undefined && { via: parseVia(via) })
    })
  );
}

function parseExposed({
  port,
  ...rest
}: v.InferOutput<typeof exposeInput>): readonly ExposedPort[] {
  return parsePort({ containerPort: port, ...rest }).map(({ range, protocol }) => ({
    port,
    range,
    protocol
  }));
}

// Every netns has one of its own.
function parseInsideName(text: string): string {
  if (text !== 'lo') return parseInterfaceName(text);
  throw new MooringError(
    'interface.badName',
    'interface name "lo" is the loopback of every container'
  );
}

function freeNames(taken: ReadonlySet<string>): () => string {
  let next = 0;
  return () => {
    let name;
    do name = `eth${next++}`;
    while (taken.has(name));
    return name;
  };
}

function refuseTwice(values: readonly string[], code: string, what: string, how: string): void {
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice !== undefined) throw new MooringError(code, `${what} ${twice} is ${how}`);
}

function atMost(list: readonly unknown[] | undefined, max: number, what: string): void {
  if (list === undefined || list.length <= max) return;
  throw new MooringError('container.badInput', `${list.length} ${what}, the limit is ${max}`);
}

function badInput(issue: v.BaseIssue<unknown>): MooringError {
  const where = v.getDotPath(issue);
  return new MooringError(
    'container.badInput',
    `container spec${where === null ? '' : ` "${where}"`}: ${issue.message}`
  );
}
