import { Option } from 'commander';
import type { Command } from 'commander';
import type { NetworkInput, NetworkView } from '../index.ts';
import { EXIT } from './errors.ts';
import { addMemberCommands } from './members.ts';
import { addRemovalCommands, noSuchNetwork } from './network-removal.ts';
import { withMooring } from './open.ts';
import { collect, formatOption, parseFilter, parsePairs, templateOption } from './options.ts';
import { cell, formatted, json, parseTemplate, table } from './print.ts';
import type { Session } from './session.ts';

const LS_HEAD = ['NETWORK ID', 'NAME', 'VERSION', 'PLUGINS'];
const SHORT_ID_LENGTH = 12;

interface CreateOptions {
  readonly driver?: string;
  readonly subnet?: readonly string[];
  readonly gateway?: readonly string[];
  readonly ipRange?: readonly string[];
  readonly ipv6?: true;
  readonly internal?: true;
  readonly label?: readonly string[];
  readonly opt?: readonly string[];
  readonly interfaceName?: string;
  readonly macvlan?: string;
  readonly ipamDriver?: string;
  readonly route?: readonly string[];
  readonly disableDns?: true;
  readonly ignore?: true;
}

interface LsOptions {
  readonly filter?: readonly string[];
  readonly quiet?: true;
  readonly trunc: boolean;
  readonly noheading?: true;
  readonly format: string;
}

/** `network create|ls|inspect|rm|prune|exists` */
export function addNetworkCommands(program: Command, session: Session): void {
  const network = program.command('network').description('manage networks');
  addCreate(network, session);
  addMemberCommands(network, session);
  addRemovalCommands(network, session);

  network
    .command('ls')
    .alias('list')
    .description('list networks')
    .option('-f, --filter <key=value>', 'only those that match, repeatable', collect)
    .option('-q, --quiet', 'names only')
    .option('--no-trunc', 'whole ids')
    .option('--noheading', 'no heading')
    .addOption(formatOption('table', 'json'))
    .action((options: LsOptions, command: Command) => ls(session, command, options));

  network
    .command('inspect')
    .description('print all there is to know of networks')
    .argument('<networks...>', 'names, ids or unique beginnings of ids')
    .addOption(templateOption())
    .action((names: string[], { format }: { readonly format: string }, command: Command) =>
      inspect(session, command, names, format)
    );

  network
    .command('exists')
    .description('exit with 0 when there is such a network, with 1 otherwise')
    .argument('<network>', 'name, id or unique beginning of an id')
    .action((name: string, _options: object, command: Command) =>
      withMooring(session, command, async ({ mooring }) => {
        if (!(await mooring.networks.exists(name))) session.exitWith(EXIT.notFound);
      })
    );
}

function addCreate(network: Command, session: Session): void {
  network
    .command('create')
    .description('create a network and print its name')
    .argument('[name]', "default: the bridge's name")
    .option('-d, --driver <driver>', 'bridge (default), macvlan or ipvlan')
    .option('--subnet <cidr>', 'subnet, repeatable', collect)
    .option('--gateway <ip>', 'gateway of the subnet at the same place, repeatable', collect)
    .option('--ip-range <cidr>', 'part of that subnet to allocate from, repeatable', collect)
    .option('--ipv6', 'IPv6 as well')
    .option('--internal', 'no way out')
    .option('--label <key[=value]>', 'label, repeatable', collect)
    .option(
      '-o, --opt <key=value>',
      'mtu, vlan, isolate, metric, parent or mode, repeatable',
      collect
    )
    .option('--interface-name <name>', 'name of the bridge, or the parent')
    .option('--ipam-driver <driver>', 'host-local, dhcp or none')
    .option('--route <dst,gw[,metric]>', 'route for its containers, repeatable', collect)
    .option('--disable-dns', 'no names for its containers')
    .option('--ignore', 'take a network of that name as it is')
    .addOption(new Option('--macvlan <device>').hideHelp())
    .action((name: string | undefined, options: CreateOptions, command: Command) =>
      withMooring(session, command, async ({ mooring }) => {
        const created = await mooring.networks.create(networkInput(name, options));
        if (options.internal && !options.disableDns) {
          session.warn(
            `dnsname and internal networks are incompatible. dnsname plugin not configured for network ${created.name}`
          );
        }
        session.print(created.name);
      })
    );
}

function networkInput(name: string | undefined, options: CreateOptions): NetworkInput {
  const { subnet, gateway, ipRange, interfaceName, macvlan } = options;
  // Any word is handed on: the library knows the drivers and refuses the others.
  const driver = (macvlan === undefined ? options.driver : 'macvlan') as NetworkInput['driver'];
  const ipamDriver = options.ipamDriver as NetworkInput['ipamDriver'];
  const labels = parsePairs('--label', options.label ?? [], true);
  const opts = {
    ...parsePairs('--opt', options.opt ?? [], false),
    ...(macvlan === undefined ? {} : { parent: macvlan })
  };
  return {
    ...(name === undefined ? {} : { name }),
    ...(driver === undefined ? {} : { driver }),
    ...(subnet === undefined ? {} : { subnets: subnet }),
    ...(gateway === undefined ? {} : { gateways: gateway }),
    ...(ipRange === undefined ? {} : { ipRanges: ipRange }),
    ...(options.ipv6 ? { ipv6: true } : {}),
    ...(options.internal ? { internal: true } : {}),
    ...(interfaceName === undefined ? {} : { interfaceName }),
    ...(ipamDriver === undefined ? {} : { ipamDriver }),
    ...(options.route === undefined ? {} : { routes: options.route }),
    ...(options.disableDns ? { disableDns: true } : {}),
    ...(options.ignore ? { ignoreIfExists: true } : {}),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(opts).length === 0 ? {} : { options: opts })
  };
}

async function ls(session: Session, command: Command, options: LsOptions): Promise<void> {
  const filters = (options.filter ?? []).map(parseFilter);
  const { networks, problems } = await withMooring(session, command, ({ mooring }) =>
    mooring.networks.list(filters)
  );
  for (const { message } of problems) session.warn(message);
  if (options.quiet) for (const { name } of networks) session.print(name);
  else if (options.format === 'json') session.print(json(networks));
  else {
    const head = options.noheading ? undefined : LS_HEAD;
    const text = await table(
      head,
      networks.map((view) => lsRow(view, options.trunc))
    );
    if (text !== undefined) session.print(text);
  }
}

function lsRow({ id, name, cniVersion, plugins }: NetworkView, cut: boolean): readonly string[] {
  const types = plugins.map(({ type }) => (typeof type === 'string' ? type : '?'));
  return [
    cut ? id.slice(0, SHORT_ID_LENGTH) : id,
    cell([name]),
    cell([cniVersion]),
    cell([types.join(',')])
  ];
}

async function inspect(
  session: Session,
  command: Command,
  names: readonly string[],
  format: string
): Promise<void> {
  if (format !== 'json') parseTemplate(format);
  await withMooring(session, command, async ({ mooring }) => {
    const found: NetworkView[] = [];
    for (const name of names) {
      try {
        found.push(await mooring.networks.inspect(name));
      } catch (error) {
        // podman answers 125 here, not the 1 of its other verbs.
        session.fail(noSuchNetwork(error, name), EXIT.failed);
      }
    }
    const text = formatted(format, found);
    if (text !== undefined) session.print(text);
  });
}
