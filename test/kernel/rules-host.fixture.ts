import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Drift } from '../../src/model/drift.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** What the plugins of one attachment are thought to make. */
export interface Expected {
  readonly unknown: readonly string[];
  /** `iptables nat CNI-HOSTPORT-DNAT` */
  readonly chains: readonly string[];
  /** `iptables nat POSTROUTING -s …` */
  readonly rules: readonly string[];
}

export interface Outcome {
  readonly facts: readonly {
    readonly type: string;
    readonly drifts?: readonly Drift[];
    readonly complete?: boolean;
    readonly failure?: { readonly code: string; readonly message: string };
  }[];
  /** Programs that were run, with their arguments. */
  readonly tools: readonly string[];
  readonly tookMs: number;
}

const FIXTURE = fileURLToPath(new URL('./rules.fixture.mjs', import.meta.url));

/** What the tests of firewall rules ask of a host. */
export function rulesOf(sandbox: Sandbox) {
  const ask = async <Answer>(verb: string, ids: readonly string[]): Promise<Answer> => {
    const ran = await sandbox.run([process.execPath, FIXTURE, verb, ...ids]);
    expect({ verb, stderr: ran.stderr }).toEqual({ verb, stderr: '' });
    return JSON.parse(ran.stdout) as Answer;
  };
  return {
    expected: (...ids: readonly string[]) => ask<Expected[]>('expected', ids),
    repair: (...ids: readonly string[]) => ask<Outcome>('repair', ids),
    examine: (...ids: readonly string[]) => ask<Outcome>('examine', ids),

    /** The lines of what is amiss with a container. */
    async amiss(id: string): Promise<readonly string[]> {
      const { facts } = await ask<Outcome>('examine', [id]);
      expect(facts[0]).toMatchObject({ type: 'attachments.examined' });
      return facts[0]!.drifts!.map(({ text }) => text);
    },

    /** Chains and rules of both families as `*-save` prints them, in order, without counters. */
    async saved(): Promise<readonly string[]> {
      const tables = await Promise.all(
        ['iptables', 'ip6tables'].map(async (tool) => {
          const { stdout } = await sandbox.run([`${tool}-save`]);
          let table = '';
          return stdout.split('\n').flatMap((line) => {
            if (line.startsWith('*')) table = line.slice(1);
            if (line.startsWith(':')) return [`${tool} ${table} ${line.split(' ')[0]!.slice(1)}`];
            return line.startsWith('-A ') ? [`${tool} ${table} ${line.slice(3)}`] : [];
          });
        })
      );
      return tables.flat().filter((line) => !BUILT_IN.test(line));
    }
  };
}

const BUILT_IN = /^\S+ \S+ (INPUT|OUTPUT|FORWARD|PREROUTING|POSTROUTING)$/;

/** Where a rule stands, `iptables nat POSTROUTING`. */
export function placeOf(rule: string): string {
  return rule.split(' ').slice(0, 3).join(' ');
}
