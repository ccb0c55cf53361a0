import { createGzip } from 'node:zlib';
import { Readable } from 'node:stream';
import type { SecretHider } from '../../model/secrets.ts';
import type { Key } from '../../store/store.ts';
import type { Feed } from './feed.ts';
import type { InspectedHost } from './host.ts';
import { allRecords, recordsOf } from './journals.ts';

export interface RecordingParts {
  readonly host: InspectedHost;
  readonly feed: Pick<Feed, 'keys'>;
  readonly secrets: SecretHider;
  readonly charts: () => string;
}

/**
 * What was recorded, in lines: what it is, the charts, what the kernel holds now, the records.
 *
 * @param keys `null`: of every actor
 */
export async function* recordingLines(
  { host, feed, secrets, charts }: RecordingParts,
  keys: readonly Key[] | null,
  signal: AbortSignal
): AsyncGenerator<string> {
  const { version } = host;
  yield JSON.stringify({ v: 1, recording: 'mooring', version, at: Date.now() });
  yield `{"charts":${charts()}}`;
  const { containers } = await host.mooring.list();
  const { networks } = await host.mooring.networks.list();
  const wanted = keys && new Set(keys.map(({ id }) => id));
  const shown = containers.filter(({ id }) => wanted === null || wanted.has(id));
  // To look into thousands of netns takes longer than anybody waits.
  const seen = await host.see(shown.slice(0, SEEN_MAX));
  yield secrets.text({ observed: { seen, containers: shown, networks } });
  if (keys === null) {
    for await (const record of allRecords(host, feed.keys(), signal)) yield secrets.text(record);
    return;
  }
  for (const key of keys) {
    for await (const record of recordsOf(host, key)) yield secrets.text(record);
  }
}

const SEEN_MAX = 500;

/** Where the recording goes in the page; it stands there once. */
export const RECORDING_MARK = '<!-- recording -->';

/** The page with a recording in it: one file, which asks nobody for anything. */
export async function recordingPage(page: string, lines: AsyncIterable<string>): Promise<string> {
  const [before, after] = page.split(RECORDING_MARK, 2) as [string, string];
  const chunks: Buffer[] = [];
  const zipped = Readable.from(withNewlines(lines)).pipe(createGzip());
  for await (const chunk of zipped as AsyncIterable<Buffer>) chunks.push(chunk);
  const data = Buffer.concat(chunks).toString('base64');
  return `${before}<script type="application/gzip" id="recording">${data}</script>${after}`;
}

async function* withNewlines(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}
