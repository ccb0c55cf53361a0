import { isJsonObject } from '../../model/json.ts';
import { MooringError } from '../../model/failure.ts';
import { parseContainerId } from '../../model/names.ts';
import type { SentCommand } from './host.ts';

/** Commands that can be sent. What they take is checked by the verbs that carry them out. */
export const SENDABLE = [
  'reload',
  'repair',
  'refresh',
  'start',
  'down',
  'retry',
  'connect',
  'disconnect'
] as const;

/**
 * What a page wants to send. It says the container's name twice: the second time it was confirmed.
 *
 * @throws MooringError `inspector.badRequest`, or as the name is parsed
 */
export function parseSend(body: unknown): SentCommand {
  if (!isJsonObject(body)) throw bad('the body must be an object');
  const { container, command, confirm, options = {} } = body;
  if (typeof container !== 'string') throw bad('container must be the id of one');
  if (!(SENDABLE as readonly unknown[]).includes(command)) {
    throw bad(`command must be one of ${SENDABLE.join(', ')}`);
  }
  if (confirm !== container) throw bad('confirm must repeat the id of the container');
  if (!isJsonObject(options)) throw bad('options must be an object');
  return { container: parseContainerId(container), command: command as string, options };
}

function bad(reason: string): MooringError {
  return new MooringError('inspector.badRequest', reason);
}
