import { Option } from 'commander';
import type { Command } from 'commander';
import type { MooringOptions } from '../index.ts';
import type { Deps } from './deps.ts';
import { usage } from './errors.ts';

const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'];

/** The options every command has, as commander gives them. */
export interface GlobalOptions {
  readonly root?: string;
  readonly store?: string;
  readonly hostName?: string;
  readonly host?: string;
  readonly cniConfDir?: string;
  readonly cniPluginDir?: readonly string[];
  readonly logLevel: string;
  readonly machine?: true;
  readonly portReservation: boolean;
  readonly allowVulnerableSlirp?: true;
}

export interface Filter {
  readonly key: string;
  readonly value: string;
}

export function addGlobalOptions(program: Command): Command {
  return program
    .option(
      '--root <dir>',
      'state directory (env: MOORING_ROOT, default: /var/lib/mooring, without root ~/.local/share/mooring)'
    )
    .option(
      '--store <url>',
      'where state is kept: embedded, or redis://… for several hosts (env: MOORING_STORE, default: embedded)'
    )
    .option(
      '--host-name <name>',
      "this host's name among those of a store (env: MOORING_HOST_NAME, default: its host name)"
    )
    .option('--host <name>', 'another host of the store, whose agent does what is asked')
    .option(
      '--cni-conf-dir <dir>',
      'directory of conflists (default: /etc/cni/net.d, without root ~/.config/cni/net.d)'
    )
    .option('--cni-plugin-dir <dir>', 'directory of CNI plugins, repeatable', collect)
    .option('--no-port-reservation', 'do not keep published host ports bound')
    .option('--allow-vulnerable-slirp', 'start a slirp4netns that has known faults too')
    .addOption(new Option('--machine', 'run in a virtual machine of podman').hideHelp())
    .addOption(
      new Option('--log-level <level>', 'what to log on standard error')
        .choices(LOG_LEVELS)
        .default('warn')
    );
}

/** What the library is opened with; what is not given is left to its defaults. */
export function mooringOptions(command: Command, env: Deps['env']): MooringOptions {
  const given = command.optsWithGlobals<GlobalOptions>();
  const root = given.root ?? env['MOORING_ROOT'];
  const store = given.store ?? env['MOORING_STORE'];
  const hostName = given.hostName ?? env['MOORING_HOST_NAME'];
  return {
    ...(root ? { root } : {}),
    ...(store ? { store } : {}),
    ...(hostName ? { hostName } : {}),
    ...(given.cniConfDir === undefined ? {} : { confDir: given.cniConfDir }),
    ...(given.cniPluginDir === undefined ? {} : { pluginDirs: given.cniPluginDir }),
    ...(given.portReservation ? {} : { reservePorts: false }),
    ...(given.allowVulnerableSlirp ? { allowVulnerableSlirp: true } : {}),
    ...(given.machine || env['MOORING_MACHINE'] ? { machine: true } : {}),
    logLevel: given.logLevel
  };
}

/** `--format`, one of `choices`, the first by default. */
export function formatOption(...choices: readonly string[]): Option {
  return new Option('--format <format>', 'how to print').choices(choices).default(choices[0]);
}

/** `--format json` or one field as `{{.name}}`. */
export function templateOption(): Option {
  const format = new Option('-f, --format <format>', 'json, or one field as {{.field}}');
  return format.default('json');
}

/** For options that may be repeated. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/**
 * A filter as it is typed: `label=app=web` has the key `label` and the value `app=web`.
 *
 * @throws CliError `cli.usage`
 */
export function parseFilter(text: string): Filter {
  const at = text.indexOf('=');
  if (at < 1) throw usage(`invalid filter "${text}", it must be key=value`);
  return { key: text.slice(0, at), value: text.slice(at + 1) };
}

/**
 * `key=value` pairs as an object; a later one replaces an earlier one.
 *
 * @param bare whether a key alone is allowed, with the value `''`
 * @throws CliError `cli.usage`
 */
export function parsePairs(
  option: string,
  texts: readonly string[],
  bare: boolean
): Readonly<Record<string, string>> {
  return Object.fromEntries(texts.map((text) => parsePair(option, text, bare)));
}

function parsePair(option: string, text: string, bare: boolean): readonly [string, string] {
  const at = text.indexOf('=');
  if (at === -1 && bare && text !== '') return [text, ''];
  if (at < 1) throw usage(`${option} "${text}" must be ${bare ? 'key[=value]' : 'key=value'}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/**
 * For what is done where the user stands, and nowhere else.
 *
 * @throws CliError `cli.usage` for one who names another host
 */
export function refuseHost(command: Command): void {
  if (command.optsWithGlobals<GlobalOptions>().host === undefined) return;
  throw usage(`${command.name()} works on this host alone, and not with --host`);
}
