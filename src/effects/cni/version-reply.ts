import { MooringError } from '../../model/failure.ts';
import { isJsonObject } from '../../model/json.ts';

/**
 * Reads a plugin's answer to VERSION.
 *
 * @returns the versions as it gave them, entries that are no versions included
 * @throws MooringError `cni.badOutput`
 * @see CNI specification 1.1.0, section 5, "Version"
 */
export function parseVersionReply(type: string, stdout: string): readonly string[] {
  const reply = parseObject(type, stdout);
  const { cniVersion, supportedVersions } = reply;
  if (typeof cniVersion !== 'string' || cniVersion === '') throw bad(type, 'it has no cniVersion');
  if (isEmpty(supportedVersions)) {
    // 0.2.0 brought the command without the list.
    if (cniVersion === '0.2.0') return ['0.1.0', '0.2.0'];
    throw bad(type, 'it has no supportedVersions');
  }
  if (!isTextList(supportedVersions)) throw bad(type, 'supportedVersions is no list of strings');
  return supportedVersions;
}

function parseObject(type: string, stdout: string) {
  let reply: unknown;
  try {
    reply = JSON.parse(stdout);
  } catch (error) {
    throw bad(type, 'it is not JSON', error);
  }
  if (!isJsonObject(reply)) throw bad(type, 'it is not a JSON object');
  return reply;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function bad(type: string, reason: string, cause?: unknown): MooringError {
  return new MooringError('cni.badOutput', `answer of plugin ${type} to VERSION: ${reason}`, {
    cause
  });
}
