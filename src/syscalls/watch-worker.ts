import { receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { clearEventfd } from './eventfd.ts';
import { followNetnsPath, isSameNetns, type NetnsIdentity, type NetnsPath } from './nsfs.ts';
import { poll, POLLIN } from './poll.ts';
import { StepError } from './step.ts';
import type { KernelEvent, WatchCommand, WatchMessage, WatchRequest } from './watch-messages.ts';
import { pendingEvents } from './watch-pending.ts';
import {
  containerNetwork,
  hostNetwork,
  mountTable,
  nftables,
  processEnd,
  type Source
} from './watch-sources.ts';
import { legacyTables } from './xtables.ts';

// Runs in the thread that `watch-thread.ts` starts. It stands in poll(2) and never comes back to
// Node's event loop: messages to it are fetched when the eventfd says that there are some.

/** What the thread is given at its start. */
export interface WatchWorkerData {
  readonly port: MessagePort;
  /** An eventfd that is raised after each message to the thread. */
  readonly wakeFd: number;
}

interface WatchedPath extends NetnsIdentity {
  readonly path: string;
  readonly source: Source;
}

/** Between a change of the mounts and the look at every watched netns, so that many are one. */
const MOUNTS_PAUSE_MS = 100;
/** A path such as `/proc/1234/ns/net` ends without a change of the mounts. */
const PATHS_EVERY_MS = 10_000;
const LEGACY_EVERY_MS = 1_000;
const LEGACY_ABSENT_EVERY_MS = 10_000;

const { port, wakeFd } = workerData as WatchWorkerData;
const pending = pendingEvents();
const netns = new Map<string, WatchedPath>();
const processes = new Map<string, Source>();
const wake: Source = { fd: wakeFd, events: POLLIN, read: obey, close: () => undefined };
const mounts = mountTable(() => {
  haveMountsChanged = true;
  lookAtPathsAt = Date.now() + MOUNTS_PAUSE_MS;
});
const host: Source[] = [];

let isEnding = false;
let mayPost = true;
let haveMountsChanged = false;
let lookAtPathsAt = 0;
let legacy = '';
let lookAtTablesAt = 0;

// Not while the module is still being evaluated: an error must reach the main thread as one.
setImmediate(() => {
  try {
    watchHost();
    while (!isEnding) once();
  } finally {
    port.close();
    closeAll();
  }
});

function watchHost(): void {
  try {
    host.push(hostNetwork());
    host.push(nftables());
    lookAtTables(() => undefined);
    post({ id: 0 });
  } catch (error) {
    post({ id: 0, failure: failureIn(error) });
    isEnding = true;
  }
}

function once(): void {
  // While the mounts are about to be looked at, further changes of them need not wake anybody.
  const waiting = sources().filter((source) => source !== mounts || !haveMountsChanged);
  for (const source of poll(waiting, timeoutMs())) source.read(pending.add);
  if (Date.now() >= lookAtPathsAt) lookAtPaths();
  if (Date.now() >= lookAtTablesAt) lookAtTables(pending.add);
  if (!mayPost || isEnding || pending.isEmpty()) return;
  mayPost = false;
  post({ events: pending.take() });
}

function closeAll(): void {
  const errors: unknown[] = [];
  for (const source of sources()) {
    try {
      source.close();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, String(errors[0]));
}

function sources(): readonly Source[] {
  const watched = [...netns.values()].map(({ source }) => source);
  return [wake, mounts, ...host, ...watched, ...processes.values()];
}

function timeoutMs(): number {
  const nextAt = Math.min(lookAtPathsAt, lookAtTablesAt);
  return Math.max(0, nextAt - Date.now());
}

function obey(): void {
  clearEventfd(wakeFd);
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: WatchRequest } | undefined;
    if (received === undefined) return;
    const { id, command } = received.message;
    if (command.op === 'taken') mayPost = true;
    else if (command.op === 'end') isEnding = true;
    else answer(id, command);
  }
}

type Call = Exclude<WatchCommand, { readonly op: 'taken' | 'end' }>;

function answer(id: number, command: Call): void {
  try {
    perform(command);
    post({ id });
  } catch (error) {
    post({ id, failure: failureIn(error) });
  }
}

function perform(command: Call): void {
  switch (command.op) {
    case 'addNetns': {
      const { key, path, device, inode } = command;
      const source = containerNetwork(key, path, { device, inode });
      netns.get(key)?.source.close();
      netns.set(key, { path, device, inode, source });
      return;
    }
    case 'removeNetns':
      return unwatch(netns.get(command.key)?.source, () => netns.delete(command.key));
    case 'addProcess':
      return watchProcess(command);
    case 'removeProcess':
      return unwatch(processes.get(command.key), () => processes.delete(command.key));
  }
}

function watchProcess({ key, pid, startTicks }: Call & { op: 'addProcess' }): void {
  unwatch(processes.get(key), () => processes.delete(key));
  // It stays readable for ever, so the first sight of it is the last.
  const forget = () => unwatch(processes.get(key), () => processes.delete(key));
  const source = processEnd(key, { pid, startTicks }, forget);
  if (source === undefined) pending.add({ kind: 'exit', key });
  else processes.set(key, source);
}

function unwatch(source: Source | undefined, forget: () => void): void {
  source?.close();
  forget();
}

function lookAtPaths(): void {
  haveMountsChanged = false;
  lookAtPathsAt = Date.now() + PATHS_EVERY_MS;
  for (const [key, { path, source, ...expected }] of netns) {
    const found = standing(path);
    if (found === 'unknown') continue;
    const isThere = found.kind === 'netns';
    if (isThere && isSameNetns(found, expected)) continue;
    // An open socket in it would keep it alive.
    unwatch(source, () => netns.delete(key));
    pending.add({ kind: 'netns', netns: key, reason: isThere ? 'replaced' : 'gone' });
  }
}

/** @returns `unknown` when it can't be said now, as without a free descriptor */
function standing(path: string): NetnsPath | 'unknown' {
  try {
    return followNetnsPath(path);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    return ['EMFILE', 'ENFILE', 'ENOMEM'].includes(error.code) ? 'unknown' : { kind: 'other' };
  }
}

function lookAtTables(report: (event: KernelEvent) => void): void {
  const { fingerprint, supported } = legacyTables();
  lookAtTablesAt = Date.now() + (supported ? LEGACY_EVERY_MS : LEGACY_ABSENT_EVERY_MS);
  if (fingerprint !== legacy) report({ kind: 'firewall', backend: 'legacy', by: [] });
  legacy = fingerprint;
}

function post(message: WatchMessage): void {
  port.postMessage(message);
}

/** What may be told and gone on after; the rest ends the thread. */
function failureIn(error: unknown): { code: string; message: string } {
  if (!(error instanceof StepError) || error.code === 'stranded') throw error;
  return { code: error.code, message: error.message };
}
