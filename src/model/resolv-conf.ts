import { isDomain, isResolverOption, nameserverOf } from './dns-option.ts';

/** What a resolv.conf says, in its order. */
export interface ResolvConf {
  /** Addresses, IPv6 ones with their zone: `fe80::1%eth0`. */
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/**
 * Reads a resolv.conf as the resolver would.
 *
 * `#` and `;` begin a comment; of several `search` and `domain` lines the last counts, and of
 * several `options` lines too. What is no address, no domain or no option, and a nameserver
 * with more behind it, is passed over: a file that others write must not keep a container down.
 *
 * @see resolv.conf(5)
 */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: readonly string[] = [];
  let options: readonly string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    switch (keyword) {
      case 'nameserver':
        nameservers.push(...(values.length === 1 ? known(values.map(nameserverOf)) : []));
        break;
      case 'domain':
        search = values.slice(0, 1).filter(isSearch);
        break;
      case 'search':
        search = values.filter(isSearch);
        break;
      case 'options':
        options = values.filter(isResolverOption);
        break;
      default:
        break;
    }
  }
  return { nameservers: [...new Set(nameservers)], search, options };
}

/**
 * The text of a resolv.conf: a search line, a line for each nameserver, an options line.
 *
 * What is empty gets no line, and a search for `.` is none.
 */
export function buildResolvConf({ nameservers, search, options }: ResolvConf): string {
  const domains = search.filter((domain) => domain !== '.');
  const lines = [
    ...(domains.length === 0 ? [] : [`search ${domains.join(' ')}`]),
    ...nameservers.map((server) => `nameserver ${server}`),
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}`])
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Whether systemd-resolved's stub is all there is: its own file then tells the real servers. */
export function isResolvedStub({ nameservers }: Pick<ResolvConf, 'nameservers'>): boolean {
  return nameservers.length > 0 && nameservers.every((server) => server === '127.0.0.53');
}

/**
 * The nameservers of a host that can be reached from another netns.
 *
 * A loopback address is the container's own there, and a zone names a link of the host.
 *
 * @param ipv6 whether the container has an IPv6 address
 */
export function reachableServers(
  nameservers: readonly string[],
  { ipv6 }: { readonly ipv6: boolean }
): readonly string[] {
  return nameservers.filter(
    (server) => !isLoopback(server) && !server.includes('%') && (ipv6 || !server.includes(':'))
  );
}

/** Google's public resolvers, which podman and Docker fall back to. */
export function publicServers({ ipv6 }: { readonly ipv6: boolean }): readonly string[] {
  const v6 = ['2001:4860:4860::8888', '2001:4860:4860::8844'];
  return ['8.8.8.8', '8.8.4.4', ...(ipv6 ? v6 : [])];
}

// The resolver takes "any" for the host itself.
function isLoopback(server: string): boolean {
  return /^(?:(?:::ffff:)?127\.|0\.0\.0\.0$|::1?$|::ffff:7f)/.test(server);
}

function isSearch(domain: string): boolean {
  return domain === '.' || isDomain(domain);
}

function known(values: readonly (string | undefined)[]): string[] {
  return values.filter((value) => value !== undefined);
}
