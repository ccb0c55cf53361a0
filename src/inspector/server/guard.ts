import type { IncomingHttpHeaders } from 'node:http';
import { MooringError } from '../../model/failure.ts';

/** Names by which this machine calls itself. Nothing that merely leads here: a name may be made to. */
const NAMES: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/**
 * Lets in only what a page of ours asks, or a program on this machine.
 *
 * A foreign page that has its own name resolved to 127.0.0.1 gives that name as host; one that
 * knows our address gives its own origin. The port is not compared: a tunnel has its own.
 *
 * @throws MooringError `inspector.foreign`
 */
export function expectOurs(headers: IncomingHttpHeaders): void {
  const { host = '', origin } = headers;
  if (!NAMES.has(nameIn(host))) throw foreign(`the host ${shown(host)} is not this machine`);
  if (origin !== undefined && origin !== `http://${host}`) {
    throw foreign(`a page of ${shown(origin)} may not ask`);
  }
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw foreign(`a page of another site may not ask (${shown(site)})`);
  }
}

/** Text before the port, letter for letter: no other way to write an address is known. */
function nameIn(host: string): string {
  return /^(.+?)(?::\d{1,5})?$/.exec(host)?.[1] ?? '';
}

function foreign(reason: string): MooringError {
  return new MooringError('inspector.foreign', reason);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
