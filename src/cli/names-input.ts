import { Option } from 'commander';
import type { Command } from 'commander';
import type { DnsInput, HostsInput, UpInput } from '../index.ts';
import { usage } from './errors.ts';
import { collect } from './options.ts';

/** Options about names, as commander gives them. */
export interface NamesOptions {
  readonly hostname?: string;
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOpt?: readonly string[];
  /** Another name of `dnsOpt`, as podman has it. */
  readonly dnsOption?: readonly string[];
  readonly addHost?: readonly string[];
  /** `false` for `--no-hosts`. */
  readonly hosts?: boolean;
  readonly hostsFile?: string;
}

export function withNamesOptions(command: Command): Command {
  return command
    .option('--hostname <name>', 'what it is called besides its id')
    .option('--dns <address>', 'DNS server, repeatable; none for no resolv.conf', collect)
    .option('--dns-search <domain>', 'search domain, repeatable; . for none', collect)
    .option('--dns-opt <option>', 'resolver option, repeatable', collect)
    .addOption(new Option('--dns-option <option>').argParser(collect).hideHelp())
    .option('--add-host <entry>', 'NAME:ADDRESS or NAME:host-gateway, repeatable', collect)
    .option('--hosts-file <path>', "what its hosts file begins with instead of the host's")
    .option('--no-hosts', 'give it no hosts file');
}

/** @throws CliError `cli.usage` when options contradict each other */
export function namesOf(options: NamesOptions): Pick<UpInput, 'hostname' | 'dns' | 'hosts'> {
  const { hostname } = options;
  const [dns, hosts] = [dnsOf(options), hostsOf(options)];
  return {
    ...(hostname === undefined ? {} : { hostname }),
    ...(dns === undefined ? {} : { dns }),
    ...(hosts === undefined ? {} : { hosts })
  };
}

function dnsOf({ dns, dnsSearch, dnsOpt, dnsOption }: NamesOptions): DnsInput | 'none' | undefined {
  const [servers, search] = [dns ?? [], dnsSearch ?? []];
  const options = [...(dnsOpt ?? []), ...(dnsOption ?? [])];
  const count = servers.length + search.length + options.length;
  if (count === 0) return undefined;
  if (!servers.includes('none')) return { servers, search, options };
  if (count === 1) return 'none';
  throw usage('--dns none cannot be combined with another --dns, --dns-search or --dns-opt');
}

function hostsOf({ addHost, hosts = true, hostsFile }: NamesOptions): HostsInput | undefined {
  if (!hosts && addHost !== undefined) {
    throw usage('--no-hosts and --add-host cannot be combined');
  }
  if (!hosts && hostsFile !== undefined) {
    throw usage('--no-hosts and --hosts-file cannot be combined');
  }
  if (!hosts || hostsFile === 'none') return { none: true };
  if (addHost === undefined && hostsFile === undefined) return undefined;
  return {
    ...(addHost === undefined ? {} : { add: addHost }),
    ...(hostsFile === undefined ? {} : { file: hostsFile })
  };
}
