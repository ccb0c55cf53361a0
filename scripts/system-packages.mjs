import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fail, run, say } from './steps.mjs';

/** Debian packages, and what each is needed for. */
const PACKAGES = {
  'aardvark-dns': 'names of containers on networks',
  chromium: 'tests of the inspector in a browser',
  conntrack: 'tests of connection tracking',
  'containernetworking-plugins': 'the CNI plugins',
  datefudge: 'tests of Redis whose clock differs',
  'dnsmasq-base': 'names by the dnsname plugin',
  'golang-github-containernetworking-plugin-dnsname': 'the dnsname plugin',
  iproute2: 'ip and ss',
  iptables: 'rules of the portmap and firewall plugins',
  nftables: 'nft, to look at the rules',
  openssl: 'certificates of the tests',
  passt: 'pasta networking',
  procps: 'ps and sysctl',
  // Not redis-server, which would start one: the server's binary is in here, as redis-check-rdb.
  'redis-tools': 'tests of the store on Redis',
  slirp4netns: 'slirp4netns networking',
  uidmap: 'user namespaces of users who are not root',
  'util-linux': 'unshare, nsenter and flock'
};

const PROGRAMS = [
  'chromium',
  'conntrack',
  'ip',
  'ss',
  'iptables',
  'nft',
  'pasta',
  'ps',
  'slirp4netns',
  'newuidmap',
  'unshare',
  'nsenter',
  'flock'
];
const PLUGINS = ['bridge', 'host-local', 'portmap', 'firewall', 'tuning', 'loopback'];
const PLUGIN_DIRS = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'];

/** @returns names of Debian packages, or of programs where there is no Debian */
export function missingNeeds() {
  const installed = installedPackages();
  if (installed === undefined) return missingPrograms();
  return Object.keys(PACKAGES).filter((name) => !installed.has(name));
}

/** Installs what {@link missingNeeds} named, or ends the process with the line that says how. */
export function installPackages(missing) {
  if (installedPackages() === undefined) {
    fail(`missing on this machine, install with its package manager: ${missing.join(', ')}`);
  }
  const install = ['install', '--yes', '--no-install-recommends', ...missing];
  if (process.getuid() !== 0) {
    const command = `apt-get update && apt-get ${install.join(' ')}`;
    fail(`missing Debian packages, run: sudo sh -c '${command}'`);
  }
  for (const name of missing) say(`installing ${name} (${PACKAGES[name]})`);
  if (areListed(missing) && apt(install).status === 0) return;
  // No lists yet, or lists so old that what they name is gone.
  say('reading the package lists (apt-get update)');
  run(...aptCall(['update']), 'apt-get update', APT_ENV);
  run(...aptCall(install), 'apt-get install', APT_ENV);
}

const APT_ENV = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };

function apt(args) {
  const [program, argv] = aptCall(args);
  return spawnSync(program, argv, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...APT_ENV }
  });
}

// apt waits for dpkg's lock when told to, but not for that of its lists: set-ups take turns.
function aptCall(args) {
  return [
    'flock',
    [
      '/var/lib/apt',
      'apt-get',
      '-q',
      '-o',
      'DPkg::Lock::Timeout=300',
      '-o',
      'Dpkg::Use-Pty=0',
      ...args
    ]
  ];
}

function areListed(names) {
  const args = ['install', '--simulate', '--yes', '--no-install-recommends', ...names];
  return spawnSync('apt-get', args, { stdio: 'ignore' }).status === 0;
}

function installedPackages() {
  const format = '${Package} ${db:Status-Status}\n';
  const names = Object.keys(PACKAGES);
  const { stdout, error } = spawnSync(
    'dpkg-query',
    ['--show', `--showformat=${format}`, ...names],
    {
      encoding: 'utf8'
    }
  );
  if (error !== undefined) return undefined;
  const lines = stdout.split('\n').map((line) => line.split(' '));
  return new Set(lines.filter(([, status]) => status === 'installed').map(([name]) => name));
}

function missingPrograms() {
  const path = (process.env.PATH ?? '').split(delimiter).concat('/usr/sbin', '/sbin');
  const programs = PROGRAMS.filter((name) => !path.some((dir) => existsSync(join(dir, name))));
  const plugins = PLUGINS.filter((name) => !PLUGIN_DIRS.some((dir) => existsSync(join(dir, name))));
  return [...programs, ...plugins.map((name) => `CNI plugin ${name}`)];
}
