// Three hosts, and a Redis with a replica and a sentinel between them; inside namespaces of our own.
import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const HOSTS = ['a', 'b', 'c'];
const ADDRESS = '10.66.0.254';
const PORTS = [7001, 7002];
const SENTINEL = 7003;
const LINKS = fileURLToPath(new URL('links.mjs', import.meta.url));
const DATEFUDGE = '/usr/lib/x86_64-linux-gnu/datefudge/datefudge.so';

/** @returns the URL of the store */
export async function startHosts(options) {
  const dir = mkdtempSync(join(tmpdir(), 'mr-locks-'));
  const debian = ['/usr/bin/redis-server', '/usr/bin/redis-check-rdb'].find(existsSync);
  symlinkSync(debian, join(dir, 'redis-server'));
  ip('link add br0 type bridge');
  ip(`addr add ${ADDRESS}/24 dev br0`);
  ip('link set br0 up');
  HOSTS.forEach(addHost);
  const links = await startLinks();
  const servers = [serve(dir, PORTS[0]), serve(dir, PORTS[1], PORTS[0])];
  await Promise.all(PORTS.map((port) => until(() => cli(port, 'ping') === 'PONG')));
  await until(() => cli(PORTS[1], 'info', 'replication').includes('master_link_status:up'));
  watch(dir);
  await until(() => /num-slaves\n1\n/.test(cli(SENTINEL, 'sentinel', 'master', 'main')));
  return {
    dir,
    url: `redis+sentinel://${ADDRESS}:${SENTINEL}/main?${options}`,
    /** Kills the primary, and gives its place to the other; it comes back with another clock. */
    async failOver(aheadS) {
      const old = PORTS.indexOf(primaryPort());
      servers[old].kill('SIGKILL');
      await once(servers[old], 'exit');
      await until(() => primaryPort() === PORTS[1 - old]);
      await until(() => cli(PORTS[1 - old], 'role').startsWith('master'));
      servers[old] = serve(dir, PORTS[old], PORTS[1 - old], aheadS);
      await until(() => cli(PORTS[old], 'info', 'replication').includes('master_link_status:up'));
    },
    async cut(host, ms) {
      ip(`link set to-${host} down`);
      await delay(ms);
      ip(`link set to-${host} up`);
    },
    async slow(host, ms) {
      links.send({ host, ms: 600 * Math.random() });
      await delay(ms);
      links.send({ host, ms: 0 });
    },
    dispose: () => rmSync(dir, { recursive: true, force: true })
  };
}

function addHost(host, index) {
  ip(`netns add ${host}`);
  ip(`link add to-${host} type veth peer name eth0 netns ${host}`);
  ip(`link set to-${host} master br0 up`);
  ip(`-n ${host} addr add 10.66.0.${index + 1}/24 dev eth0`);
  ip(`-n ${host} link set eth0 up`);
  ip(`addr add ${linkOf(index)}/24 dev br0`);
  // All that it says to the servers goes by a relay, which can be slow.
  const rules = `table ip slow {
    chain out { type nat hook output priority -100; ip daddr ${ADDRESS} dnat to ${linkOf(index)}; }
  }`;
  execFileSync('ip', ['netns', 'exec', host, 'nft', '-f', '-'], { input: rules });
}

function linkOf(index) {
  return `10.66.0.${index + 201}`;
}

async function startLinks() {
  const hosts = HOSTS.map((host, index) => `${host}=${linkOf(index)}`);
  const links = fork(LINKS, [ADDRESS, [...PORTS, SENTINEL].join(','), ...hosts]);
  await once(links, 'message');
  return links;
}

function serve(dir, port, primary, aheadS = 0) {
  const settings = {
    ...{ port, bind: `${ADDRESS} 127.0.0.1`, dir, save: '', appendonly: 'no' },
    ...{ 'protected-mode': 'no', 'repl-diskless-sync-delay': 0, dbfilename: `${port}.rdb` },
    ...(primary !== undefined && { replicaof: `${ADDRESS} ${primary}` })
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const fudge = aheadS === 0 ? {} : { LD_PRELOAD: DATEFUDGE, DATEFUDGE: String(-aheadS) };
  const env = { PATH: process.env.PATH, ...fudge };
  return spawn(join(dir, 'redis-server'), args, { stdio: 'ignore', env });
}

function watch(dir) {
  const config = join(dir, 'sentinel.conf');
  const lines = [
    ...[`port ${SENTINEL}`, `bind ${ADDRESS} 127.0.0.1`, 'protected-mode no', `dir ${dir}`],
    `sentinel monitor main ${ADDRESS} ${PORTS[0]} 1`,
    // It first asks a new primary after a second. Were that too late already, it would take the next
    // one at once, and with two primaries and no replica nobody is given a lease.
    'sentinel down-after-milliseconds main 1300',
    'sentinel failover-timeout main 2000'
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  spawn(join(dir, 'redis-server'), [config, '--sentinel'], { stdio: 'ignore' });
}

function primaryPort() {
  return Number(cli(SENTINEL, 'sentinel', 'get-master-addr-by-name', 'main').split('\n')[1]);
}

function cli(port, ...args) {
  try {
    return (
      execFileSync('redis-cli', ['-p', String(port), ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore']
      }).trimEnd() + (args[0] === 'sentinel' ? '\n' : '')
    );
  } catch {
    return '';
  }
}

async function until(holds) {
  while (!holds()) await delay(30);
}

function ip(args) {
  execFileSync('ip', args.split(' '));
}
