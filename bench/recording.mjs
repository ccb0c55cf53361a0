import { createWriteStream } from 'node:fs';
import { once } from 'node:events';

// What a container goes through, over and over: what is timed does not depend on its sense.
const STEPS = [
  ['container.up', { creating: 'holding' }, 'resources.hold'],
  ['resources.held', { configuring: 'adding' }, 'cni.add'],
  ['attachment.added', { configuring: 'writing' }, 'files.write'],
  ['files.written', 'up', null],
  ['container.down', { tearingDown: 'deleting' }, 'cni.del'],
  ['attachment.deleted', { tearingDown: 'releasing' }, 'resources.release'],
  ['resources.released', 'absent', null]
];

/**
 * Writes a journal file as large as that of a busy host.
 *
 * @returns its bytes
 */
export async function writeRecording(path, { containers, records }) {
  const file = createWriteStream(path);
  let bytes = 0;
  let text = '';
  for (let at = 0; at < records; at += 1) {
    text += `${JSON.stringify(recordOf(at % containers, Math.floor(at / containers), at))}\n`;
    if (text.length < 1_000_000 && at < records - 1) continue;
    bytes += text.length;
    if (!file.write(text)) await once(file, 'drain');
    text = '';
  }
  file.end();
  await once(file, 'close');
  return bytes;
}

function recordOf(container, turn, at) {
  const [type, value, asks] = STEPS[turn % STEPS.length];
  const id = `web-${container}`;
  const failure =
    at % 997 === 0 ? { failure: { code: 'cni.11', message: 'IPAM pool is busy' } } : {};
  return {
    ...{ v: 1, seq: turn + 1, time: 1_764_000_000_000 + at, host: 'bench', boot: 'bench' },
    ...{ key: `container/${id}`, token: turn + 1, machine: 'container@bench', value },
    event: {
      type,
      container: id,
      address: `10.${container % 200}.${turn % 250}.${at % 250}`,
      ...failure
    },
    requests:
      asks === null ? [] : [{ id: `${id}-${turn}`, request: { type: asks, container: id } }],
    ...{ causation: null, correlation: `${id}-${Math.floor(turn / STEPS.length)}` }
  };
}
