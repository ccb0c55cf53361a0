// podman with containers of its own beside ours, where it is installed: no image, a root file system
// of one program. All that it keeps is below /tmp and /run, which are the benchmark's own.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const HOME = '/tmp/podman';
const ROOTFS = join(HOME, 'rootfs');

/** A reload of a hundred takes it half a minute on a busy machine. */
const LONGEST_MS = 180_000;

/** Ways in which podman makes networks here: `cni` and `netavark`; none when it is not installed. */
export function podmanBackends() {
  if (!works('podman', ['--version'])) return [];
  const dirs = ['/usr/lib/podman', '/usr/libexec/podman', '/usr/local/lib/podman'];
  const hasNetavark = dirs.some((dir) => existsSync(join(dir, 'netavark')));
  return hasNetavark ? ['cni', 'netavark'] : ['cni'];
}

/** @returns what runs podman with that backend, and throws with what it said when it fails */
export function openPodman(backend) {
  prepare();
  const file = join(HOME, `${backend}.conf`);
  const networks = join(HOME, `${backend}-networks`);
  mkdirSync(networks, { recursive: true });
  const engine = `[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n`;
  const network = `[network]\nnetwork_backend = "${backend}"\nnetwork_config_dir = "${networks}"\n`;
  writeFileSync(file, engine + network);
  const storage = join(HOME, `${backend}-storage`);
  const env = { ...process.env, CONTAINERS_CONF: file };
  const global = ['--root', storage, '--runroot', `/run/podman-${backend}`];
  const run = (...args) => {
    const bounds = { timeout: LONGEST_MS, killSignal: 'SIGKILL' };
    const ran = spawnSync('podman', [...global, ...args], { encoding: 'utf8', env, ...bounds });
    if (ran.status !== 0) throw new Error(`podman ${args.join(' ')}: ${reasonOf(ran)}`);
    return ran.stdout.trim();
  };
  return {
    run,
    up: (id, hostPort) =>
      run(
        ...['run', '--detach', '--cgroups=disabled', '--name', id, '--network', 'front'],
        ...['--publish', `${hostPort}:80`, '--rootfs', ROOTFS, '/bin/sleep', '100000']
      ),
    close: () => run('rm', '--force', '--all', '--time', '0')
  };
}

// podman looks at control groups even where it is told to make none, and not every kernel has them
// in a way that its runtime takes.
function prepare() {
  if (existsSync(ROOTFS)) return;
  for (const dir of ['bin', 'etc', 'proc', 'sys', 'dev', 'run', 'tmp']) {
    mkdirSync(join(ROOTFS, dir), { recursive: true });
  }
  const { stdout } = spawnSync('ldd', ['/bin/sleep'], { encoding: 'utf8' });
  for (const path of ['/bin/sleep', ...stdout.match(/\/\S+/g)]) {
    mkdirSync(join(ROOTFS, dirname(path)), { recursive: true });
    copyFileSync(path, join(ROOTFS, path));
  }
  spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', '/sys/fs/cgroup']);
  for (const dir of ['/var/lib/containers', '/etc/cni']) {
    if (existsSync(dir)) spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', dir]);
  }
}

function reasonOf({ error, stderr }) {
  return error?.code === 'ETIMEDOUT' ? `over ${LONGEST_MS} ms` : stderr.trim();
}

function works(program, args) {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}
