import { MooringError, oneLine } from './failure.ts';

/** How pasta connects a netns: what was asked for, checked, in the order given. */
export interface PastaOptions {
  /** Arguments of pasta, besides `--map-gw`, which asks that `--no-map-gw` is left out. */
  readonly args: readonly PastaArgument[];
}

/** `{ option: '--mtu', value: '1500' }`, `{ option: '--ipv4-only' }`; always the long name. */
export interface PastaArgument {
  readonly option: string;
  readonly value?: string;
}

export const PASTA_DEFAULTS: PastaOptions = { args: [] };

/** podman's own: the container reaches the host at the gateway's address. */
export const MAP_GATEWAY = '--map-gw';

/**
 * The options of `--network pasta:OPTION,…`: arguments of pasta(1), separated by commas.
 *
 * Those that say what Mooring itself decides are refused: which netns, which user, in the background
 * or not, and files to write.
 *
 * @param options `['--mtu', '1500', '-4']`, `['--mtu=1500']`; those of the configuration first
 * @throws MooringError `pasta.badOption`
 */
export function parsePastaOptions(options: readonly string[]): PastaOptions {
  const args: PastaArgument[] = [];
  const rest = [...options];
  for (let text = rest.shift(); text !== undefined; text = rest.shift()) {
    const { option, value } = split(text);
    const takesValue = TAKES_VALUE.get(option);
    if (takesValue === undefined) throw refused(text, option);
    if (!takesValue) {
      if (value !== undefined) throw bad(`option ${option} of pasta takes no value`);
      args.push({ option });
      continue;
    }
    const given = value ?? rest.shift();
    if (given === undefined) throw bad(`option ${option} of pasta needs a value`);
    args.push({ option, value: checkValue(option, given) });
  }
  return { args };
}

/** Long names by their short ones. */
const SHORT: Readonly<Record<string, string>> = {
  '4': '--ipv4-only',
  '6': '--ipv6-only',
  D: '--dns',
  I: '--ns-ifname',
  M: '--mac-addr',
  S: '--search',
  T: '--tcp-ns',
  U: '--udp-ns',
  a: '--address',
  d: '--debug',
  g: '--gateway',
  i: '--interface',
  m: '--mtu',
  n: '--netmask',
  o: '--outbound',
  q: '--quiet',
  t: '--tcp-ports',
  u: '--udp-ports'
};

const FLAGS = [
  MAP_GATEWAY,
  '--config-net',
  '--debug',
  '--dhcp-dns',
  '--dhcp-search',
  '--host-lo-to-ns-lo',
  '--ipv4-only',
  '--ipv6-only',
  '--no-copy-addrs',
  '--no-copy-routes',
  '--no-dhcp',
  '--no-dhcpv6',
  '--no-icmp',
  '--no-map-gw',
  '--no-ndp',
  '--no-ra',
  '--no-splice',
  '--no-tcp',
  '--no-udp',
  '--quiet',
  '--trace'
];

const WITH_VALUE = [
  '--address',
  '--dns',
  '--dns-forward',
  '--dns-host',
  '--gateway',
  '--interface',
  '--mac-addr',
  '--map-guest-addr',
  '--map-host-loopback',
  '--mtu',
  '--netmask',
  '--ns-ifname',
  '--ns-mac-addr',
  '--outbound',
  '--outbound-if4',
  '--outbound-if6',
  '--search',
  '--tcp-ns',
  '--tcp-ports',
  '--udp-ns',
  '--udp-ports'
];

const TAKES_VALUE = new Map([
  ...FLAGS.map((option) => [option, false] as const),
  ...WITH_VALUE.map((option) => [option, true] as const)
]);

const OURS = new Set([
  '--fd',
  '--foreground',
  '--help',
  '--log-file',
  '--log-size',
  '--netns',
  '--netns-only',
  '--no-netns-quit',
  '--pcap',
  '--pid',
  '--runas',
  '--stderr',
  '--userns',
  '--version',
  ...['-F', '-P', '-e', '-f', '-h', '-l', '-p']
]);

const VALUE_MAX_CHARS = 256;

function split(text: string): PastaArgument {
  if (text.startsWith('--')) {
    const [, option = text, value] = /^(--[^=]*)=(.*)$/s.exec(text) ?? [];
    return value === undefined ? { option } : { option, value };
  }
  const letter = text.startsWith('-') ? text.slice(1, 2) : '';
  const option = SHORT[letter] ?? (letter === '' ? text : `-${letter}`);
  return text.length > 2 && letter !== '' ? { option, value: text.slice(2) } : { option };
}

function refused(text: string, option: string): MooringError {
  if (OURS.has(option)) return bad(`option ${option} of pasta is Mooring's to give`);
  return bad(`unknown option for pasta: ${JSON.stringify(text)}`);
}

function checkValue(option: string, value: string): string {
  if (value.length <= VALUE_MAX_CHARS && oneLine(value) === value) return value;
  throw bad(`invalid value of ${option} for pasta: ${JSON.stringify(value.slice(0, 64))}`);
}

function bad(message: string): MooringError {
  return new MooringError('pasta.badOption', message);
}
