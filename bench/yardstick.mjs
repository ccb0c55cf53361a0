/** Like a record of the journal in size and shape. */
const record = {
  key: 'container/web',
  seq: 7,
  event: { type: 'attachment.added', container: 'web', network: 'front' },
  context: {
    spec: { id: 'web', networks: [{ network: 'front', ifName: 'eth0' }], ports: [] },
    attachments: Array.from({ length: 3 }, (_, index) => ({
      network: `front${index}`,
      ifName: `eth${index}`,
      plugins: ['bridge', 'portmap', 'firewall', 'tuning'].map((type) => ({ type, options: {} })),
      result: { ips: [{ address: `10.91.${index}.3/16`, gateway: `10.91.${index}.1` }] }
    })),
    flags: Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`flag${index}`, null]))
  }
};
const TIMES = 20;

/**
 * A piece of work that is always the same and nothing of ours: what it takes says how quick the machine is
 * at the moment, which changes by half where others share its caches.
 *
 * @returns milliseconds
 */
export function yardstick() {
  const begun = performance.now();
  for (let count = 0; count < TIMES; count += 1) JSON.parse(JSON.stringify(record));
  return performance.now() - begun;
}
