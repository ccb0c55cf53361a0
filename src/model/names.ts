import { MooringError } from './failure.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const NAME_MAX_BYTES = 128;
const IF_NAME_MAX_BYTES = 15;

/**
 * A container id: `[A-Za-z0-9][A-Za-z0-9_.-]*`, at most 128 bytes.
 *
 * It becomes a file name, a store key, a netns name and part of chain names, so
 * this is the one place that lets it in.
 *
 * @throws MooringError `container.badId`
 * @see CNI specification 1.1.0, "Parameters"
 */
export function parseContainerId(text: string): string {
  return parseName(text, 'container id', 'container.badId');
}

/**
 * A network name, under the same rule.
 *
 * @throws MooringError `network.badName`
 */
export function parseNetworkName(text: string): string {
  return parseName(text, 'network name', 'network.badName');
}

/**
 * The name that a host has among the others of a store, under the same rule.
 *
 * @throws MooringError `host.badName`
 */
export function parseHostName(text: string): string {
  return parseName(text, 'host name', 'host.badName');
}

function parseName(text: string, what: string, code: string): string {
  if (typeof text !== 'string' || text === '') throw new MooringError(code, `${what} is empty`);
  if (text.length > NAME_MAX_BYTES) {
    throw new MooringError(
      code,
      `${what} "${text.slice(0, 32)}…" is ${text.length} characters long, the limit is ${NAME_MAX_BYTES}`
    );
  }
  if (!NAME.test(text)) {
    throw new MooringError(
      code,
      `${what} ${JSON.stringify(text)} must match [a-zA-Z0-9][a-zA-Z0-9_.-]*`
    );
  }
  return text;
}

/**
 * An interface name: 1 to 15 bytes, not `.` or `..`, without `/`, `:` and white space.
 *
 * @throws MooringError `interface.badName`
 * @see dev_valid_name() in the kernel's net/core/dev.c
 */
export function parseInterfaceName(text: string): string {
  const bytes = bytesOf(text);
  // eslint-disable-next-line no-control-regex -- a NUL would truncate the name on its way to the kernel
  const fits = bytes >= 1 && bytes <= IF_NAME_MAX_BYTES && !/[/:\s\u0000-\u001f\u007f]/u.test(text);
  if (!fits || text === '.' || text === '..') {
    throw new MooringError(
      'interface.badName',
      `interface name ${JSON.stringify(text)} must be 1 to ${IF_NAME_MAX_BYTES} bytes without "/", ":" and white space`
    );
  }
  return text;
}

/**
 * A CNI plugin's type: a file name without separators, never a path.
 *
 * @throws MooringError `cni.badPluginType`
 * @see GO-2022-0230: a type with `../` ran any binary
 */
export function parsePluginType(text: unknown): string {
  const fits = typeof text === 'string' && NAME.test(text) && bytesOf(text) <= 255;
  if (!fits) {
    throw new MooringError(
      'cni.badPluginType',
      `plugin type ${JSON.stringify(text)} must match [a-zA-Z0-9][a-zA-Z0-9_.-]*`
    );
  }
  return text;
}

// Machines and model stay importable in a browser, so no Buffer.
function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
