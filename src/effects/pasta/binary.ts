import { MooringError } from '../../model/failure.ts';
import { remembered, sayOf, type Probe } from '../process/probe.ts';
import { findTool } from '../process/tool.ts';
import type { PastaBinary } from './pasta.ts';

/**
 * Where pasta is and which options it knows.
 *
 * @param path absolute, instead of looking in the system's directories
 * @throws MooringError `pasta.notFound`, `pasta.probeFailed`
 */
export async function pastaBinary(path?: string): Promise<PastaBinary> {
  const file = path ?? findTool('pasta');
  if (file !== undefined) return probe(file);
  throw new MooringError('pasta.notFound', 'pasta is not installed: apt-get install passt');
}

/** What `--version` and `--help` say. */
export function readPasta(path: string, version: string, help: string): PastaBinary {
  return {
    path,
    version: version.split('\n')[0]!.trim(),
    options: new Set(help.match(/--[a-z][a-z0-9-]*/g) ?? [])
  };
}

const probe: Probe<PastaBinary> = remembered(async (path) => {
  const [version, help] = await Promise.all([
    sayOf(path, '--version', { code: 'pasta.probeFailed', good: [0] }),
    // Older ones take being asked for help as a mistake.
    sayOf(path, '--help', { code: 'pasta.probeFailed', good: [0, 1] })
  ]);
  return readPasta(path, version, help);
});
