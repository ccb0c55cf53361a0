import { containerSetup } from './container-setup.ts';

interface Words {
  /** Where it goes when nobody's turn is left. */
  readonly done: string;
  readonly del: 'delCurrent' | 'delPinned';
  readonly deleted: 'dropCurrent' | 'dropMember' | 'setAside';
  /** What becomes of the failure of a DEL that was refused for good. */
  readonly givenUp: 'keepLeftover' | 'keepTrouble';
}

/** DEL of each network whose turn has come, asked for again after a pause when it is refused. */
export function detaching({ done, del, deleted, givenUp }: Words) {
  return containerSetup.createStateConfig({
    initial: 'choosing',
    states: {
      choosing: {
        always: [{ guard: 'hasTurns', target: 'deleting' }, { target: done }]
      },
      deleting: {
        entry: del,
        on: {
          'attachment.deleted': {
            target: 'choosing',
            actions: { type: deleted, params: ({ event }) => event.suspect === true }
          },
          'attachment.delFailed': [
            { guard: 'mayTryAgain', target: 'backingOff', actions: 'noteRefusal' },
            {
              target: 'choosing',
              actions: [
                'noteRefusal',
                'passTurn',
                { type: givenUp, params: ({ event }) => event.failure }
              ]
            }
          ]
        }
      },
      backingOff: {
        entry: 'setBackoff',
        on: { 'timer.fired': 'deleting' }
      }
    }
  });
}
