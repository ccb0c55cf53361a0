import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  freePorts,
  serverBinary,
  startServer,
  type Server,
  type ServerOptions
} from './server.fixture.ts';

/** A primary and a replica, and a sentinel that watches them. */
export interface Watched {
  readonly url: string;
  readonly primary: Server;
  readonly replica: Server;
  /** Lets the replica hear nothing of its primary any more; Sentinel would put that right after seconds. */
  cutReplica(): Promise<void>;
  mendReplica(): Promise<void>;
  dispose(): Promise<void>;
}

export async function startWatched(
  options: {
    readonly primary?: ServerOptions;
    readonly replica?: ServerOptions;
  } = {}
): Promise<Watched> {
  const [one, other, third] = await freePorts(3);
  const primary = await startServer({ ...options.primary, port: one! });
  const replica = await startServer({
    ...options.replica,
    port: other!,
    settings: { replicaof: `127.0.0.1 ${one}`, ...options.replica?.settings }
  });
  const sentinel = await startSentinel(third!, one!);
  await linked(replica);
  // It asks its primary for replicas now and then, and can promote none before.
  await sentinel.knowsReplica();
  return {
    url: `redis+sentinel://127.0.0.1:${third}/main`,
    primary,
    replica,
    async cutReplica() {
      await replica.admin.replicaof('127.0.0.1', 1);
    },
    async mendReplica() {
      await replica.admin.replicaof('127.0.0.1', one!);
      await linked(replica);
    },
    async dispose() {
      await sentinel.dispose();
      await primary.dispose();
      await replica.dispose();
    }
  };
}

async function linked({ admin }: Server): Promise<void> {
  while (!(await admin.info('replication')).includes('master_link_status:up')) await delay(20);
}

async function startSentinel(port: number, primaryPort: number) {
  const dir = mkdtempSync(join(tmpdir(), 'mr-'));
  const config = join(dir, 'sentinel.conf');
  writeFileSync(
    config,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${dir}`,
      `sentinel monitor main 127.0.0.1 ${primaryPort} 1`,
      'sentinel down-after-milliseconds main 400',
      'sentinel failover-timeout main 2000',
      ''
    ].join('\n')
  );
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', serverBinary(dir), config, '--sentinel'], {
    stdio: 'ignore'
  });
  const ask = (...args: string[]) =>
    execFileSync('redis-cli', ['-p', String(port), ...args], { encoding: 'utf8' });
  return {
    async knowsReplica() {
      for (;;) {
        await delay(50);
        try {
          if (/num-slaves\n1\n/.test(ask('sentinel', 'master', 'main'))) return;
        } catch {
          // It does not listen yet.
        }
      }
    },
    async dispose() {
      await ended(child);
      rmSync(dir, { recursive: true, force: true });
    }
  };
}

/** Three nodes that share the slots. */
export interface Nodes {
  readonly url: string;
  readonly servers: readonly Server[];
  dispose(): Promise<void>;
}

export async function startCluster(): Promise<Nodes> {
  const ports = await freePorts(6);
  const servers = await Promise.all(
    ports.slice(0, 3).map((port, index) =>
      startServer({
        port,
        settings: {
          'cluster-enabled': 'yes',
          'cluster-port': String(ports[3 + index]),
          'cluster-node-timeout': '1000'
        }
      })
    )
  );
  const bounds = [0, 5461, 10922, 16384];
  for (const [index, { admin }] of servers.entries()) {
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', bounds[index]!, bounds[index + 1]! - 1);
    if (index > 0) await admin.call('CLUSTER', 'MEET', '127.0.0.1', ports[0]!, ports[3]!);
  }
  for (const { admin } of servers) {
    while (!(await admin.cluster('INFO')).includes('cluster_state:ok')) await delay(20);
    while (!(await admin.cluster('INFO')).includes('cluster_known_nodes:3')) await delay(20);
  }
  return {
    url: `redis+cluster://127.0.0.1:${ports[0]},127.0.0.1:${ports[1]}`,
    servers,
    async dispose() {
      for (const server of servers) await server.dispose();
    }
  };
}

/**
 * Moves all keys of a host to another node.
 *
 * @returns what tells all nodes so; until then the old one answers ASK, and MOVED after
 */
export async function moveSlot({ servers }: Nodes, host: string): Promise<() => Promise<void>> {
  const slot = (await servers[0]!.admin.call('CLUSTER', 'KEYSLOT', `{${host}}`)) as number;
  const counts = await Promise.all(
    servers.map(({ admin }) => admin.call('CLUSTER', 'COUNTKEYSINSLOT', slot))
  );
  const index = counts.findIndex((count) => Number(count) > 0);
  const [from, to] = [servers[index]!, servers[(index + 1) % servers.length]!];
  const [fromId, toId] = await Promise.all([from, to].map(({ admin }) => admin.cluster('MYID')));
  await to.admin.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId!);
  await from.admin.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId!);
  const keys = (await from.admin.call('CLUSTER', 'GETKEYSINSLOT', slot, 1_000)) as string[];
  const { port } = new URL(to.url);
  await from.admin.call('MIGRATE', '127.0.0.1', port, '', 0, 5_000, 'KEYS', ...keys);
  return async () => {
    for (const { admin } of [to, from, ...servers]) {
      await admin.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId!);
    }
  };
}

/** A certificate for `127.0.0.1` and `localhost`, and its key. */
export function makeCertificate(): {
  readonly cert: string;
  readonly key: string;
  dispose(): void;
} {
  const dir = mkdtempSync(join(tmpdir(), 'mr-'));
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const request =
    '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost';
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  execFileSync(
    'openssl',
    ['req', ...request.split(' '), '-addext', names, '-out', cert, '-keyout', key],
    { stdio: 'ignore' }
  );
  return { cert, key, dispose: () => rmSync(dir, { recursive: true }) };
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
