// Side-by-side figures. They are ratios and medians of one run on one machine, never a pass or a fail.
//
// Everything runs in network, mount and pid namespaces of its own, so it needs root and
// leaves nothing behind. Names of parts run only these: `npm run bench -- own chain`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const [first, ...named] = process.argv.slice(2);
const inside = first === '--inside';

if (process.getuid() !== 0) {
  console.error('bench: needs root, for network namespaces: run it as root or with sudo');
  process.exitCode = 1;
} else if (inside) {
  const { chain } = await import('./chain.mjs');
  const { forward } = await import('./forward.mjs');
  const { own } = await import('./own.mjs');
  const { lifecycle } = await import('./lifecycle.mjs');
  const { store } = await import('./store.mjs');
  const parts = { store, own, chain, lifecycle, forward };
  for (const part of named.length > 0 ? named : Object.keys(parts)) await parts[part]();
} else {
  const parts = process.argv
    .slice(2)
    .filter((part) => /^(store|own|chain|lifecycle|forward)$/.test(part));
  const script = [
    'mount -t tmpfs tmpfs /run',
    'mount -t tmpfs tmpfs /tmp',
    'mkdir -p /var/lib/cni && mount -t tmpfs tmpfs /var/lib/cni',
    'ip link set lo up',
    `exec "${process.execPath}" "${fileURLToPath(import.meta.url)}" --inside ${parts.join(' ')}`
  ].join(' && ');
  const { status } = spawnSync(
    'unshare',
    ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', script],
    { stdio: 'inherit' }
  );
  process.exitCode = status ?? 1;
}
