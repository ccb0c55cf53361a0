import { assign, emit, setup } from 'xstate';
import type { ForwardAim, ForwarderEvent } from '../bus/outside-events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import type { PortMapping } from '../model/container.ts';
import type { Failure } from '../model/failure.ts';

export interface ForwarderInput {
  /** Id of the container whose ports they are. */
  readonly forwarder: string;
}

export interface ForwarderContext extends ForwarderInput {
  /** As they were asked for; 0 leaves a host port to choose. */
  readonly asked: readonly PortMapping[];
  /** With the host ports that were chosen. */
  readonly ports: readonly PortMapping[];
  /** Of others, when the ports were asked for. */
  readonly taken: readonly PortMapping[];
  readonly aim: ForwardAim;
  /** Asked for, and not aimed yet. */
  readonly next: ForwardAim | null;
  readonly attempts: number;
  /** Why the last command was not carried out, or why the ports are not open. */
  readonly failure: Failure | null;
}

const nothing = {
  asked: [],
  ports: [],
  taken: [],
  aim: 'hold',
  next: null,
  attempts: 0,
  failure: null
} satisfies Omit<ForwarderContext, 'forwarder'>;

/** How often ports that were lost are opened again before they are left. */
const OPEN_ATTEMPTS = 5;
/** Pause before the second attempt; it doubles for each further one. */
const OPEN_BACKOFF_MS = 50;

/**
 * The host ports of a container that a forwarder of ours has open, and where it sends what comes.
 *
 * They are open before the container has an address and stay so while it changes. Ports that were
 * lost with the process that had them are opened again, the same ones.
 */
export const forwarderMachine = setup({
  types: {
    input: {} as ForwarderInput,
    context: {} as ForwarderContext,
    events: {} as ForwarderEvent,
    emitted: {} as EffectRequest,
    tags: {} as 'busy'
  },
  guards: {
    isSame: ({ context }, ports: readonly PortMapping[]) =>
      [context.asked, context.ports].some((one) => JSON.stringify(one) === JSON.stringify(ports)),
    mayTryAgain: ({ context }) => context.attempts + 1 < OPEN_ATTEMPTS
  },
  actions: {
    open: emit(({ context: { forwarder, asked, taken, aim } }) => ({
      type: 'forwarder.open',
      forwarder,
      ports: asked,
      taken,
      aim
    })),
    openAgain: emit(({ context: { forwarder, ports, aim } }) => ({
      type: 'forwarder.open',
      forwarder,
      ports,
      taken: [],
      aim
    })),
    aimNext: emit(({ context: { forwarder, next } }) => ({
      type: 'forwarder.aim',
      forwarder,
      aim: next!
    })),
    close: emit(({ context: { forwarder } }) => ({ type: 'forwarder.close', forwarder })),
    setBackoff: emit(({ context: { forwarder, attempts } }) => ({
      type: 'timer.set',
      container: forwarder,
      timer: 'backoff',
      delayMs: OPEN_BACKOFF_MS * 2 ** (attempts - 1)
    })),

    keepAsked: assign(
      (
        _,
        given: { readonly ports: readonly PortMapping[]; readonly taken: readonly PortMapping[] }
      ) => ({ ...nothing, asked: given.ports, taken: given.taken })
    ),
    keepPorts: assign({
      ports: (_, ports: readonly PortMapping[]) => ports,
      attempts: 0,
      failure: null
    }),
    keepNext: assign({ next: (_, aim: ForwardAim) => aim, failure: null }),
    // Where it is not open, it is opened so.
    keepAim: assign({ aim: (_, aim: ForwardAim) => aim, attempts: 0, failure: null }),
    takeNext: assign({ aim: ({ context }) => context.next!, next: null }),
    dropNext: assign({ next: null }),
    noteAttempt: assign({ attempts: ({ context }) => context.attempts + 1 }),
    beginAgain: assign({ attempts: 0, failure: null }),
    keepFailure: assign({ failure: (_, failure: Failure) => failure }),
    dropFailure: assign({ failure: null }),
    dropAll: assign({ ...nothing })
  }
}).createMachine({
  id: 'forwarder',
  context: ({ input: { forwarder } }) => ({ forwarder, ...nothing }),
  initial: 'absent',
  states: {
    absent: {
      on: {
        'forwarder.open': {
          target: 'opening',
          actions: { type: 'keepAsked', params: ({ event }) => event }
        },
        // Nothing is open here, and nothing is to be remembered of the asker.
        'forwarder.aim': {},
        'forwarder.close': {}
      }
    },
    opening: {
      tags: 'busy',
      entry: 'open',
      on: {
        'forwarder.opened': {
          target: 'open',
          actions: { type: 'keepPorts', params: ({ event }) => event.ports }
        },
        'forwarder.openFailed': {
          target: 'absent',
          actions: ['dropAll', { type: 'keepFailure', params: ({ event }) => event.failure }]
        }
      }
    },
    open: {
      on: {
        'forwarder.open': [
          { guard: { type: 'isSame', params: ({ event }) => event.ports }, actions: 'dropFailure' },
          { target: 'replacing', actions: { type: 'keepAsked', params: ({ event }) => event } }
        ],
        'forwarder.aim': {
          target: 'aiming',
          actions: { type: 'keepNext', params: ({ event }) => event.aim }
        },
        'forwarder.lost': {
          target: 'restoring',
          actions: ['beginAgain', { type: 'keepFailure', params: ({ event }) => event.failure }]
        },
        'forwarder.close': 'closing',
        'forwarder.rebooted': 'closing'
      }
    },
    aiming: {
      tags: 'busy',
      entry: 'aimNext',
      on: {
        'forwarder.aimed': { target: 'open', actions: 'takeNext' },
        'forwarder.aimFailed': {
          target: 'open',
          actions: ['dropNext', { type: 'keepFailure', params: ({ event }) => event.failure }]
        }
      }
    },
    replacing: {
      tags: 'busy',
      entry: 'close',
      on: {
        'forwarder.closed': 'opening',
        'forwarder.closeFailed': {
          target: 'stuck',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    restoring: {
      tags: 'busy',
      initial: 'opening',
      states: {
        opening: {
          entry: 'openAgain',
          on: {
            'forwarder.opened': {
              target: '#forwarder.open',
              actions: { type: 'keepPorts', params: ({ event }) => event.ports }
            },
            'forwarder.openFailed': [
              {
                guard: 'mayTryAgain',
                target: 'backingOff',
                actions: [
                  'noteAttempt',
                  { type: 'keepFailure', params: ({ event }) => event.failure }
                ]
              },
              {
                target: '#forwarder.down',
                actions: { type: 'keepFailure', params: ({ event }) => event.failure }
              }
            ]
          }
        },
        backingOff: {
          entry: 'setBackoff',
          on: { 'timer.fired': 'opening' }
        }
      }
    },
    down: {
      on: {
        'forwarder.open': [
          {
            guard: { type: 'isSame', params: ({ event }) => event.ports },
            target: 'restoring',
            actions: 'beginAgain'
          },
          { target: 'opening', actions: { type: 'keepAsked', params: ({ event }) => event } }
        ],
        'forwarder.aim': {
          target: 'restoring',
          actions: { type: 'keepAim', params: ({ event }) => event.aim }
        },
        'forwarder.close': 'closing',
        'forwarder.rebooted': 'closing'
      }
    },
    closing: {
      tags: 'busy',
      entry: 'close',
      on: {
        'forwarder.closed': { target: 'absent', actions: 'dropAll' },
        'forwarder.closeFailed': {
          target: 'stuck',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    stuck: {
      on: {
        'forwarder.open': {
          target: 'replacing',
          actions: { type: 'keepAsked', params: ({ event }) => event }
        },
        'forwarder.close': 'closing',
        'forwarder.rebooted': 'closing'
      }
    }
  }
});
