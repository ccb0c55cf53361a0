// `npm run demo`: a session on a host of its own, which is gone when this ends. Without root that is
// the user's private host, with a state directory for this session.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './steps.mjs';

const MOORING = join(ROOT, 'bin/mooring.js');
const INSIDE = 'MOORING_DEMO_INSIDE';

const IS_ROOT = process.getuid() === 0;

if (process.env[INSIDE] === '1') await session();
else if (IS_ROOT) await enterOwnHost();
else await sessionOfUser();

/** Network, mounts and processes apart, so that the machine's firewall and files are not touched. */
async function enterOwnHost() {
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const self = ['sh', join(ROOT, 'scripts/private-host.sh'), process.execPath, process.argv[1]];
  const host = spawn('unshare', [...namespaces, ...self], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' }
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => host.kill('SIGKILL'));
  const [code] = await once(host, 'exit');
  process.exitCode = code ?? 130;
}

/** The user's own containers and networks are left alone. */
async function sessionOfUser() {
  const scratch = mkdtempSync(join(tmpdir(), 'mooring-demo-'));
  process.env.MOORING_ROOT = join(scratch, 'state');
  process.env.XDG_CONFIG_HOME = join(scratch, 'config');
  process.once('exit', () => {
    // One that was cut short leaves nothing up.
    spawnSync(process.execPath, [MOORING, 'down', '--all'], { stdio: 'ignore' });
    rmSync(scratch, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
  await session();
}

async function session() {
  const before = hostState();

  note('A network, and two containers on it. A port of the host leads to web.');
  mooring('network', 'create', 'front');
  // On a host that others use too, a port that is free.
  mooring('up', 'web', '--network', 'front', '-p', IS_ROOT ? '8080:80' : '80');
  mooring('up', 'client', '--network', 'front');

  note('A server in web; the client asks it, then the host does, by the published port.');
  const address = addressOf('web');
  const server = await startServer('web');
  mooring('exec', 'client', '--', ...fetching(`http://${address}`));
  shell(...fetching(`http://127.0.0.1:${portOf('web')}`));

  note('What is there.');
  mooring('ps');
  mooring('port', 'web');

  note('And away again.');
  server.kill();
  await once(server, 'exit');
  mooring('down', '--all');
  mooring('network', 'rm', 'front');
  compare(before, hostState());
}

function mooring(...args) {
  prompt(['mooring', ...args]);
  must(process.execPath, [MOORING, ...args], 'inherit');
}

function shell(program, ...args) {
  prompt([program, ...args]);
  must(program, args, 'inherit');
}

async function startServer(container) {
  const script =
    "require('http').createServer((_, res) => res.end('hello from web')).listen(80, () => console.log('listening'))";
  const args = ['exec', container, '--', 'node', '-e', script];
  prompt(['mooring', ...args], ' &');
  const server = spawn(process.execPath, [MOORING, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Its own group: `mooring exec` and the server end together.
    detached: true
  });
  const [said] = await Promise.race([once(server.stdout, 'data'), once(server, 'exit')]);
  if (!Buffer.isBuffer(said)) end(`the server in ${container} ended at once`);
  process.stdout.write(said);
  server.kill = () => process.kill(-server.pid, 'SIGTERM');
  return server;
}

function fetching(url) {
  return ['node', '-e', `fetch('${url}').then((res) => res.text()).then(console.log)`];
}

function addressOf(container) {
  const stdout = must(process.execPath, [MOORING, 'inspect', container], 'pipe');
  return JSON.parse(stdout)[0].NetworkSettings.Networks.front.IPAddress;
}

function portOf(container) {
  const stdout = must(process.execPath, [MOORING, 'inspect', container], 'pipe');
  return JSON.parse(stdout)[0].Publishing[0].HostPort;
}

function hostState() {
  const links = must('ip', ['-br', 'address'], 'pipe').trim().split('\n').sort();
  return IS_ROOT ? { links, ...stateOfRoot() } : { links, ...stateOfUser() };
}

function stateOfUser() {
  const processes = must('ps', ['-u', String(process.getuid()), '-o', 'args='], 'pipe').split('\n');
  return {
    processes: processes.filter((line) =>
      /mooring-(guard|supervisor)|slirp4netns|dnsmasq/.test(line)
    ),
    'state files': entriesOf(process.env.MOORING_ROOT).filter((path) =>
      /^(journal|files)\//.test(path)
    )
  };
}

function stateOfRoot() {
  return {
    'iptables rules': rules(),
    netns: entriesOf('/run/netns'),
    'address leases': entriesOf('/var/lib/cni').filter((path) => /\/[0-9a-f.:]+$/.test(path))
  };
}

function rules() {
  const saved = must('iptables-save', [], 'pipe') + must('ip6tables-save', [], 'pipe');
  return saved.split('\n').filter((line) => line.startsWith('-A'));
}

function entriesOf(directory) {
  try {
    return readdirSync(directory, { recursive: true });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

function compare(before, after) {
  process.stdout.write('\n');
  for (const [kind, entries] of Object.entries(before)) {
    const come = after[kind].filter((entry) => !entries.includes(entry));
    const gone = entries.filter((entry) => !after[kind].includes(entry));
    const changes = [...come.map((entry) => `+ ${entry}`), ...gone.map((entry) => `- ${entry}`)];
    const verdict =
      changes.length === 0 ? 'as before' : `not as before:\n  ${changes.join('\n  ')}`;
    process.stdout.write(`${kind}: ${verdict}\n`);
    if (changes.length > 0) process.exitCode = 1;
  }
}

function must(program, args, stdout) {
  const { status, signal, error, ...ran } = spawnSync(program, args, {
    stdio: ['ignore', stdout, 'inherit'],
    encoding: 'utf8'
  });
  if (status === 0) return ran.stdout;
  return end(`${program} did not succeed: ${error?.message ?? signal ?? `exit code ${status}`}`);
}

function note(line) {
  process.stdout.write(`\n${paint('2', `# ${line}`)}\n`);
}

function prompt(argv, after = '') {
  const words = argv.map((word) => (/^[\w./:@=-]+$/.test(word) ? word : `"${word}"`));
  process.stdout.write(`${paint('1', `$ ${words.join(' ')}${after}`)}\n`);
}

function paint(code, text) {
  return process.stdout.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text;
}

function end(line) {
  process.stderr.write(`mooring demo: ${line}\n`);
  process.exit(1);
}
