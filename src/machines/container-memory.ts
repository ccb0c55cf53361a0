import type { CniResult } from '../model/cni-result.ts';
import type { AttachmentSpec } from '../model/container.ts';
import { isLasting } from '../model/drift.ts';
import type { Failure } from '../model/failure.ts';
import { named, namesOf, type ContainerContext, type Thoroughness } from './container-context.ts';

// What the `container` chart remembers after a step that changes more than one thing.

type Change = Partial<ContainerContext>;

export function noteReboot(context: ContainerContext): Change {
  return {
    netns: null,
    unwanted: context.unwanted || context.kept,
    failure: context.kept
      ? null
      : {
          code: 'host.rebooted',
          message: `container ${context.container} was up when the host was rebooted`
        }
  };
}

export function beginTeardown({ attachments, leftovers }: ContainerContext): Change {
  return {
    plans: [],
    again: [],
    joining: null,
    drifts: [],
    trouble: null,
    outage: null,
    unmended: null,
    turns: namesOf(attachments).toReversed(),
    refusals: 0,
    suspect: leftovers.length > 0,
    leftovers: []
  };
}

export function dropCurrent(
  { attachments, turns, suspect }: ContainerContext,
  left: boolean
): Change {
  return {
    attachments: attachments.filter(({ network }) => network !== turns[0]),
    turns: turns.slice(1),
    refusals: 0,
    suspect: suspect || left
  };
}

// Without a result there is nothing to add again.
export function setAside({ attachments, turns, suspect }: ContainerContext, left: boolean): Change {
  return {
    attachments: attachments.filter(
      ({ network, result }) => network !== turns[0] || result !== undefined
    ),
    turns: turns.slice(1),
    refusals: 0,
    suspect: suspect || left
  };
}

export function beginCycle({ attachments, drifts }: ContainerContext): Change {
  return {
    drifts: drifts.filter(isLasting),
    trouble: null,
    unmended: null,
    again: attachments.filter(({ result }) => result !== undefined),
    turns: namesOf(attachments).toReversed(),
    refusals: 0,
    suspect: false
  };
}

export function keepResultAgain(
  { attachments, again }: ContainerContext,
  result: CniResult
): Change {
  return {
    attachments: attachments.map((attachment) =>
      attachment.network === again[0]!.network ? { ...again[0]!, result } : attachment
    ),
    again: again.slice(1)
  };
}

export function enlist(context: ContainerContext, attachment: AttachmentSpec): Change {
  return {
    refusal: null,
    spec: {
      ...context.spec!,
      networks: [...context.spec!.networks, named(context, attachment)]
    }
  };
}

export function delist({ spec }: ContainerContext, network: string): Change {
  return {
    refusal: null,
    spec: {
      ...spec!,
      networks: spec!.networks.filter((other) => other.network !== network)
    }
  };
}

export function beginConnect(context: ContainerContext, attachment: AttachmentSpec): Change {
  return {
    joining: named(context, attachment),
    heldNetworks: [...context.heldNetworks, attachment.network],
    refusal: null,
    unwanted: false
  };
}

export function enlistJoining({ spec, joining }: ContainerContext): Change {
  return {
    spec: { ...spec!, networks: [...spec!.networks, joining!] },
    joining: null
  };
}

export function dropJoining({ joining, heldNetworks }: ContainerContext): Change {
  return {
    joining: null,
    heldNetworks: heldNetworks.filter((network) => network !== joining!.network)
  };
}

export function turnToNewest({ attachments }: ContainerContext): Change {
  return {
    joining: null,
    turns: [attachments.at(-1)!.network],
    refusals: 0,
    suspect: false
  };
}

export function beginDisconnect({ attachments }: ContainerContext, network: string): Change {
  return {
    refusal: null,
    unwanted: false,
    turns: namesOf(attachments).filter((other) => other === network),
    refusals: 0,
    suspect: false
  };
}

export function dropMember(
  { spec, attachments, turns, suspect }: ContainerContext,
  left: boolean
): Change {
  return {
    spec: {
      ...spec!,
      networks: spec!.networks.filter(({ network }) => network !== turns[0])
    },
    attachments: attachments.filter(({ network }) => network !== turns[0]),
    turns: turns.slice(1),
    refusals: 0,
    // What kept it from going before is over.
    trouble: null,
    suspect: suspect || left
  };
}

export function beginReload(context: ContainerContext, thoroughness: Thoroughness): Change {
  return {
    thoroughness,
    // A look for repairs leaves what else is known to be wrong.
    trouble: thoroughness === 'repair' ? context.trouble : null,
    refusal: null,
    unwanted: false
  };
}

export function refuseCandidate(context: ContainerContext, refusal: Failure): Change {
  return {
    refusal,
    candidate: null,
    spec: context.spec ?? context.candidate
  };
}
