import type { MooringEvent } from '../../bus/events.ts';
import type { Netns } from '../../model/container.ts';
import type { Drift } from '../../model/drift.ts';
import { failureOf } from '../../model/failure.ts';
import type { ObservedNetwork } from '../../syscalls/observe.ts';
import type { Effects } from '../effects.ts';
import { dumps as dumpsOf, type Dumps } from '../firewall/dumps.ts';
import type { Context } from '../firewall/gather.ts';
import type { RunTool } from '../firewall/iptables.ts';
import { expectedOf, missingRules, type Subject } from '../firewall/repair.ts';
import { driftsOfHost } from './host-side.ts';
import { hostView, type HostView } from './host-view.ts';
import { driftsInside } from './inside.ts';
import { leaseDrifts } from './leases.ts';
import { ownerDrifts } from './owner.ts';
import { repairs, type Exclusive } from './repairs.ts';
import { ruleDrifts } from './rule-drifts.ts';
import { missingSettings, nameOf } from './settings.ts';

export interface AttachmentDeps {
  readonly run: RunTool;
  /** As {@link dumpsOf} wants it. */
  readonly generation: () => number | undefined;
  /** What stands at the path of a netns now. */
  readonly verifyNetns: (netns: Netns) => 'same' | 'gone' | 'replaced' | 'plain';
  /** What the kernel holds in a netns, if it is the expected one. */
  readonly observe: (path: string, expected: Netns) => Promise<ObservedNetwork>;
  /** Works while none of our plugins does, but waits for none that hangs. */
  readonly exclusive: Exclusive;
}

/**
 * Compares what the kernel holds for a container with what its plugins made, and puts back what
 * needs no link to be touched: firewall rules, settings they depend on, addresses of bridges.
 *
 * Many containers at once cost little more than one: they share the dumps of the firewall, the
 * view of the host, and the changes.
 */
export function attachmentEffects(
  deps: AttachmentDeps
): Pick<Effects, 'attachments.examine' | 'attachments.repair'> {
  const dumps = dumpsOf(deps.run, deps.generation);
  const host = hostView();
  const repair = repairs({ ...deps, dumps, host });
  return {
    async 'attachments.examine'({ container, netns, attachments, owner }, context) {
      try {
        const gone = netnsDrift(netns, deps.verifyNetns(netns));
        if (gone !== undefined) {
          return { type: 'attachments.examined', container, drifts: [gone], complete: true };
        }
        const [inside, seen] = await Promise.all([
          deps.observe(netns.path, netns),
          examineHost({ dumps, host }, { container, attachments }, context)
        ]);
        const drifts = [
          ...ownerDrifts(owner),
          ...driftsInside(attachments, inside),
          ...attachments.flatMap((attachment) => leaseDrifts(attachment, container)),
          ...seen.drifts
        ];
        return { type: 'attachments.examined', container, drifts, complete: seen.complete };
      } catch (error) {
        const failure = failureOf(error, 'attachments', `examining ${container}`);
        return { type: 'attachments.examineFailed', container, failure };
      }
    },
    async 'attachments.repair'({ container, attachments }, context) {
      try {
        const error = await repair({ container, attachments }, context);
        return error === null
          ? { type: 'attachments.repaired', container }
          : refused(container, error);
      } catch (error) {
        return refused(container, error);
      }
    }
  };
}

function refused(container: string, error: unknown): MooringEvent {
  const failure = failureOf(error, 'attachments', `repairing ${container}`);
  return { type: 'attachments.repairFailed', container, failure };
}

async function examineHost(
  { dumps, host }: { readonly dumps: Dumps; readonly host: HostView },
  subject: Subject,
  context: Context
): Promise<{ readonly drifts: readonly Drift[]; readonly complete: boolean }> {
  const expected = await expectedOf(dumps, subject, context);
  const [seen, rules] = await Promise.all([
    host(context),
    missingRules(dumps, subject, expected, context)
  ]);
  const drifts = subject.attachments.flatMap((attachment, index) => {
    const settings = missingSettings(attachment, expected[index]!.localnet, seen);
    return [
      ...driftsOfHost(attachment, seen),
      ...settings.map((setting): Drift => {
        const name = nameOf(setting);
        const text = `setting ${name} is switched off`;
        return { network: attachment.network, kind: 'rule', object: name, text };
      })
    ];
  });
  return {
    drifts: [...drifts, ...ruleDrifts(rules)],
    complete: expected.every(({ unknown }) => unknown.length === 0)
  };
}

function netnsDrift(
  { path }: Netns,
  found: 'same' | 'gone' | 'replaced' | 'plain'
): Drift | undefined {
  if (found === 'same') return undefined;
  const text =
    found === 'replaced'
      ? `the network namespace at ${path} is another than the container's`
      : `the network namespace ${path} is gone`;
  return { network: null, kind: 'netns', object: path, text };
}
