import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A redis-server on a socket of its own, with a snapshot that it is asked for. */
export async function startServer() {
  const dir = mkdtempSync('/var/tmp/mooring-scale-');
  const socket = join(dir, 's');
  const debian = ['/usr/bin/redis-server', '/usr/bin/redis-check-rdb'].find(existsSync);
  symlinkSync(debian, join(dir, 'redis-server'));
  // It refuses rather than have the machine run out of memory.
  const maxmemory = Math.floor(freemem() / 2);
  const settings = { port: 0, unixsocket: socket, dir, save: '', appendonly: 'no', maxmemory };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const cli = (...words) =>
    execFileSync('redis-cli', ['-s', socket, ...words], { encoding: 'utf8', stdio: 'pipe' });
  let child;
  const start = async () => {
    child = spawn(join(dir, 'redis-server'), args, { stdio: 'ignore' });
    while (!isUp(cli)) await delay(5);
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
    rmSync(socket, { force: true });
  };
  process.on('exit', () => {
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });
  await start();
  return {
    url: `redis+unix://${socket}`,
    dir,
    cli,
    start,
    kill,
    usedBytes: () => Number(/used_memory:(\d+)/.exec(cli('info', 'memory'))[1]),
    /** Of its processor, by all that it has done. */
    busyMs() {
      const text = cli('info', 'cpu');
      const seconds = [/used_cpu_sys:([\d.]+)/, /used_cpu_user:([\d.]+)/].map((line) =>
        Number(line.exec(text)[1])
      );
      return seconds[0] * 1000 + seconds[1] * 1000;
    }
  };
}

function isUp(cli) {
  try {
    return cli('ping').startsWith('PONG');
  } catch {
    return false;
  }
}
