import { exportedLines } from '../../src/journal/export.ts';
import { keyFrom } from '../../src/journal/import.ts';
import { KINDS } from '../../src/actors/machines.ts';
import { memoryBacking } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { startProcess, type Process } from '../actors/process.ts';
import { createWorld, specOf, type World } from '../actors/world.ts';

/** A store in which the loop has recorded something. */
export async function recorded(
  play: (process: Process, world: World) => Promise<unknown>,
  world: World = createWorld()
): Promise<Store> {
  const process = startProcess(memoryBacking(), world);
  await play(process, world);
  await process.registry.idle();
  return process.store;
}

/** Brought up with two networks and a port, and taken down again. */
export const upAndDown = async ({ registry }: Process): Promise<void> => {
  const key = { kind: 'container', id: 'web' } as const;
  const spec = specOf('web', ['front', 'back'], 80);
  await registry.ask(key, { type: 'container.up', container: 'web', spec });
  await registry.ask(key, { type: 'container.down', container: 'web' });
};

export const EVERYTHING = ['container/web', 'namespace/web', 'network/front', 'network/back'];

/** The lines of a file with these journals. */
export async function exported(
  store: Store,
  keys: readonly string[] = EVERYTHING,
  redact = false
): Promise<string[]> {
  const journals = keys.map((key) => store.journal(keyFrom(key, KINDS)));
  const lines: string[] = [];
  for await (const line of exportedLines(journals, { redact })) lines.push(line);
  return lines;
}
