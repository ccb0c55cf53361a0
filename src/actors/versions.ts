import type { JsonObject } from '../model/json.ts';
import { MooringError } from '../model/failure.ts';
import { keyText, type Kind, type Outstanding, type StoredActor } from '../store/store.ts';

/** Where an actor stands, as a chart wrote it down. */
export interface Standing {
  /** `getPersistedSnapshot()`: `value` and `context` are what a chart calls its own. */
  readonly snapshot: JsonObject;
  readonly outstanding: readonly Outstanding[];
}

/**
 * One version of a chart more.
 *
 * A chart is given one when journals of the version before don't replay with it, or actors that
 * rest by it can't be restored: a state that is gone or renamed, a memory of another shape, a
 * request that is asked at another time.
 */
export interface VersionStep {
  /** What has changed, in a line. */
  readonly why: string;
  /** From where the version before left an actor to where this one goes on from. */
  migrate(standing: Standing): Standing;
}

export type VersionSteps = Readonly<Partial<Record<Kind, readonly VersionStep[]>>>;

/** From version 1 to 2, from 2 to 3 …; a kind without steps is at version 1. */
export const STEPS: VersionSteps = {
  container: [
    {
      why: 'it remembers what could not be put back',
      migrate: ({ snapshot, outstanding }) => ({
        snapshot: {
          ...snapshot,
          context: { unmended: null, ...(snapshot['context'] as JsonObject) }
        },
        outstanding
      })
    },
    {
      why: 'it reaches outside by an uplink, and remembers how',
      migrate: ({ snapshot, outstanding }) => ({
        snapshot: {
          ...snapshot,
          context: {
            ...{ rootless: false, reached: false, uplink: null, hostAddress: null, outage: null },
            ...(snapshot['context'] as JsonObject)
          }
        },
        outstanding
      })
    }
  ]
};

export function versionOf(kind: Kind, steps: VersionSteps = STEPS): number {
  return 1 + (steps[kind]?.length ?? 0);
}

/** Version, structure and shape as a record names its machine. */
export interface MachineId {
  readonly kind: string;
  readonly version: number;
  /** Of all that the chart says, its names included; 12 hex digits. */
  readonly structure: string;
  /** Of the same without the names of states, guards and actions; 8 hex digits. */
  readonly shape: string;
}

/** `container@1.3f9a0c1b2d3e.77aa10f2` */
export function machineIdText({ kind, version, structure, shape }: MachineId): string {
  return `${kind}@${version}.${structure}.${shape}`;
}

/** @returns `undefined` when it is none, as before there were versions */
export function parseMachineId(text: string): MachineId | undefined {
  const [, kind, version, structure, shape] = MACHINE_ID.exec(text) ?? [];
  if (kind === undefined) return undefined;
  return { kind, version: Number(version), structure: structure!, shape: shape! };
}

const MACHINE_ID = /^([A-Za-z]+)@(\d{1,6})\.([0-9a-f]{12})\.([0-9a-f]{8})$/;

/** Whether it was written by a chart that this version doesn't know. */
export function isOfLater({ key, machine }: StoredActor, steps: VersionSteps = STEPS): boolean {
  return versionIn(machine) > versionOf(key.kind, steps);
}

/** Version of the chart that wrote a record; 1 where there were none yet. */
export function versionIn(machine: string): number {
  return parseMachineId(machine)?.version ?? 1;
}

/**
 * What a store has, made fit for the chart of this version.
 *
 * @throws MooringError `store.machineChanged` when a later version wrote it
 */
export function migrated(stored: StoredActor, steps: VersionSteps = STEPS): StoredActor {
  const { key, machine, outstanding } = stored;
  const [wrote, current] = [versionIn(machine), versionOf(key.kind, steps)];
  if (wrote === current) return stored;
  if (wrote > current) {
    throw new MooringError(
      'store.machineChanged',
      `${keyText(key)} was recorded by version ${wrote} of its chart, and this has version ${current}`
    );
  }
  // What was committed was a snapshot, hence an object.
  const before: Standing = { snapshot: stored.snapshot as JsonObject, outstanding };
  const due = (steps[key.kind] ?? []).slice(wrote - 1);
  const now = due.reduce((standing, step) => step.migrate(standing), before);
  return { ...stored, ...now, value: now.snapshot['value'] ?? stored.value };
}
