// Run as the root of a user namespace, in the host's netns: node uplink.fixture.mjs DIRECTORY.
// Starts slirp4netns and pasta for netns `ctr` as it is told by `control.fixture.ts`.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pastaStarter } from '../../dist/effects/pasta/start.js';
import { slirpApi } from '../../dist/effects/slirp/api.js';
import { slirpStarter } from '../../dist/effects/slirp/start.js';
import { parsePastaOptions } from '../../dist/model/pasta-options.js';
import { parsePublish } from '../../dist/model/port.js';
import { parseSlirpOptions } from '../../dist/model/slirp-options.js';
import { startNetnsThread } from '../../dist/syscalls/netns-thread.js';
import { serveControl } from './control.fixture.mjs';

const [directory] = process.argv.slice(2);
const ECHO = fileURLToPath(new URL('../sandbox/echo-server.mjs', import.meta.url));
const ASK = fileURLToPath(new URL('../sandbox/ask.mjs', import.meta.url));
const RUN_DIR = `${directory}/run`;
mkdirSync(RUN_DIR, { mode: 0o700 });

const thread = startNetnsThread();
const path = `${directory}/ctr`;
writeFileSync(path, '');
const netns = { path, ...(await thread.create(path)) };
const inside = [`--net=${path}`, '--'];
const troubles = [];
const startSlirp = slirpStarter({
  thread,
  allowVulnerable: false,
  onTrouble: ({ code }) => troubles.push(code)
});
let uplink;
let end;

const common = (timeoutMs = 20_000) => ({
  netns,
  env: { MOORING_UPLINK: 'test' },
  timeoutMs,
  signal: new AbortController().signal
});

async function keep(starting) {
  const started = await starting;
  uplink = started;
  end = undefined;
  void started.ended.then((ended) => (end = ended));
  return started.process;
}

const requests = {
  slirp({ options = [], apiSocket, timeoutMs, inode }) {
    const socket = apiSocket && { apiSocket: apiSocket.replace('RUN', RUN_DIR) };
    const start = { ...common(timeoutMs), options: parseSlirpOptions(options), ...socket };
    return keep(startSlirp(inode ? { ...start, netns: { ...netns, inode } } : start));
  },
  pasta({ options = [], ports = [], timeoutMs }) {
    const mappings = ports.flatMap(parsePublish);
    const start = { ...common(timeoutMs), options: parsePastaOptions(options), runDir: RUN_DIR };
    return keep(pastaStarter({})({ ...start, ports: mappings }));
  },
  async stop() {
    await uplink?.stop();
    uplink = undefined;
    return end;
  },
  ended: async () => {
    await uplink.ended;
    return end;
  },
  troubles: () => troubles,
  api: ({ verb, ...rest }) => slirpApi(`${RUN_DIR}/api`, { timeoutMs: 10_000 })[verb](...rest.args),
  mode: ({ name }) => statSync(`${RUN_DIR}/${name}`).mode & 0o777,
  chmod: ({ mode }) => chmodSync(RUN_DIR, mode),
  files: () => readdirSync(RUN_DIR),
  children: () =>
    readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .map((pid) => pid && readFileSync(`/proc/${pid}/comm`, 'utf8').trim())
      .filter((name) => /slirp|past|setpriv/.test(name)),
  sh: ({ script }) =>
    execFileSync('nsenter', [...inside, 'sh', '-euc', script])
      .toString()
      .trim(),
  ask({ protocol, address, port, timeoutMs = 10_000 }) {
    const args = [process.execPath, ASK, protocol, address, port, 'hello', timeoutMs].map(String);
    try {
      const stdio = ['ignore', 'pipe', 'pipe'];
      return execFileSync('nsenter', [...inside, ...args], { stdio })
        .toString()
        .trim();
    } catch ({ stderr }) {
      return stderr.toString().trim();
    }
  },
  serve({ protocol, port, address = '0.0.0.0' }) {
    const args = [process.execPath, ECHO, protocol, port, address].map(String);
    const stdio = ['ignore', 'pipe', 'inherit'];
    const server = spawn('setpriv', ['--pdeathsig', 'KILL', 'nsenter', ...inside, ...args], {
      stdio
    });
    return new Promise((resolve) => {
      createInterface({ input: server.stdout }).on('line', (line) => {
        if (line === 'listening') resolve();
        else console.log(`${port}/${protocol} ${line}`);
      });
    });
  }
};

serveControl(directory, requests);
