// What a host holds, each thing a line, by the names that the simulator gives them.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export async function factsOf({ kept }) {
  const links = JSON.parse(run('ip', '-j', 'link') || '[]');
  const mounted =
    readFileSync('/proc/mounts', 'utf8').match(/(?<=\/run\/netns\/mooring-)\S+/g) ?? [];
  const facts = [
    ...links.flatMap(({ ifname }) => (ifname.startsWith('br-') ? [`bridge ${ifname}`] : [])),
    ...names('/run/netns').map((name) => `mount ${name.slice('mooring-'.length)}`),
    ...mounted.map((name) => `netns ${name}`),
    ...mounted.flatMap((name) => within(name, links)),
    ...['iptables-save', 'ip6tables-save'].flatMap((save) => rulesIn(run(save))),
    ...filesOf(),
    ...(await keepersOf(kept))
  ];
  return facts.sort();
}

function within(name, hostLinks) {
  const inner = JSON.parse(run('nsenter', `--net=/run/netns/mooring-${name}`, 'ip', '-j', 'addr'));
  return inner.flatMap(({ ifname, link_index: peer, addr_info: addresses }) => {
    if (ifname === 'lo') return [];
    const link = `${name}/${ifname}`;
    const isPaired = hostLinks.some(({ ifindex }) => ifindex === peer);
    const global = addresses.filter(({ scope }) => scope === 'global');
    return [
      `link ${link}`,
      ...(isPaired ? [`veth ${link}`] : []),
      ...global.map(({ local }) => `address ${link} ${local}`)
    ];
  });
}

function rulesIn(saved) {
  return saved.split('\n').flatMap((line) => {
    const [, network, id] = /name: \\"([^"\\]+)\\" id: \\"([^"\\]+)\\"/.exec(line) ?? [];
    if (id !== undefined && line.startsWith('-A POSTROUTING'))
      return [`rule masquerade ${id}/${network}`];
    if (line.startsWith('-A CNI-HOSTPORT-DNAT')) {
      const ports = /--dports (\S+)/.exec(line)[1].split(',');
      return ports.map((port) => `rule dnat ${id}/${network} ${port}`);
    }
    const accepted = /^-A CNI-FORWARD -d ([^/]+)\S* .*-j ACCEPT/.exec(line);
    return accepted ? [`rule accept ${accepted[1]}`] : [];
  });
}

function filesOf() {
  const leases = names('/var/lib/cni/networks').flatMap((network) =>
    names(`/var/lib/cni/networks/${network}`)
      .filter((file) => /^[\da-f.:]+$/.test(file))
      .map((address) => `lease ${network} ${address}`)
  );
  const results = names('/var/lib/mooring/cni/results').map((file) => {
    const [network, container] = file.split('-');
    return `file result ${container}/${network}`;
  });
  return [...leases, ...results, ...names('/var/lib/mooring/files').map((id) => `file ${id}`)];
}

async function keepersOf(kept) {
  const listening = run('ss', '-Hltn').match(/(?<=0\.0\.0\.0:)[1-9]\d*|(?<=\*:)[1-9]\d*/g) ?? [];
  const facts = [...new Set(listening)].map((port) => `socket ${port}`);
  for (const id of ['web', 'db', 'job']) {
    const keeper = await kept.portKeeper(id);
    if (keeper && isRunning(keeper.pid)) facts.push(`process keeper ${id}`);
  }
  return facts;
}

function isRunning(pid) {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat[stat.lastIndexOf(')') + 2] !== 'Z';
}

function names(directory) {
  return existsSync(directory) ? readdirSync(directory) : [];
}

function run(program, ...args) {
  return execFileSync(program, args, { encoding: 'utf8' });
}
