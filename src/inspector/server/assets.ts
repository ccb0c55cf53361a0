import { readFileSync } from 'node:fs';
import { MooringError } from '../../model/failure.ts';

/** A file of the page. */
export interface Asset {
  readonly content: Buffer;
  readonly type: string;
}

/** Files of the page by their path; nothing else is ever read. */
const FILES: Readonly<Record<string, readonly [name: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/worker.js': ['worker.js', 'text/javascript; charset=utf-8'],
  '/mooring-chart.js': ['mooring-chart.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/icon.svg': ['icon.svg', 'image/svg+xml']
};

/** @returns `undefined` for what is no file of the page */
export function assetAt(path: string): Asset | undefined {
  const known = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
  if (known === undefined) return undefined;
  const [name, type] = known;
  return { content: built(name), type };
}

/**
 * A file that the build made.
 *
 * @throws MooringError `inspector.notBuilt`
 */
export function built(name: string): Buffer {
  const errors: unknown[] = [];
  for (const folder of FOLDERS) {
    try {
      return readFileSync(new URL(name, folder));
    } catch (error) {
      errors.push(error);
    }
  }
  const message = `${name} of the page is missing: run \`npm run build\``;
  throw new MooringError('inspector.notBuilt', message, { cause: errors[0] });
}

// Beside the compiled server; from the sources it is where the build put it.
const FOLDERS = ['../page/', '../../../dist/inspector/page/'].map(
  (path) => new URL(path, import.meta.url)
);
