// Side-by-side figures. They are ratios and medians of one run on one machine, never a pass or a fail.
//
// Everything runs in network, mount and pid namespaces of its own, so it needs root and
// leaves nothing behind. Names of parts run only these: `npm run bench -- own chain`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

// Each is a module here, exporting a function of its name.
const PARTS = [
  'store',
  'own',
  'chain',
  'idle',
  'lifecycle',
  'repair',
  'forward',
  'inspector',
  'replay'
];

const [first, ...named] = process.argv.slice(2);
const inside = first === '--inside';
const unknown = inside ? [] : process.argv.slice(2).filter((part) => !PARTS.includes(part));

if (process.getuid() !== 0) {
  console.error('bench: needs root, for network namespaces: run it as root or with sudo');
  process.exitCode = 1;
} else if (inside) {
  for (const part of named.length > 0 ? named : PARTS) {
    const found = await import(`./${part}.mjs`);
    await found[part]();
  }
} else if (unknown.length > 0) {
  console.error(`bench: ${unknown.join(', ')} is no part of it; there are ${PARTS.join(', ')}`);
  process.exitCode = 1;
} else {
  const parts = process.argv.slice(2);
  const script = [
    'mount -t tmpfs tmpfs /run',
    // A checkout below /tmp stays where it is.
    `exec 9<"${ROOT}" && mount -t tmpfs tmpfs /tmp && mkdir -p "${ROOT}"`,
    `mount --no-canonicalize --bind /proc/self/fd/9 "${ROOT}" && exec 9<&- && cd "${ROOT}"`,
    'mkdir -p /var/lib/cni && mount -t tmpfs tmpfs /var/lib/cni',
    'ip link set lo up',
    `exec "${process.execPath}" --expose-gc "${fileURLToPath(import.meta.url)}" --inside ${parts.join(' ')}`
  ].join(' && ');
  const { status } = spawnSync(
    'unshare',
    ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', script],
    { stdio: 'inherit' }
  );
  process.exitCode = status ?? 1;
}
