import { containerSetup } from './container-setup.ts';

interface Words {
  /** Where it goes on once the way out is there. */
  readonly done: string;
  /** Where it goes when it could not be had. */
  readonly failed: string;
  /** What becomes of the reason. */
  readonly givenUp: 'keepFailure' | 'keepOutage';
}

/** Its uplink, and its ports as they are published in the host's own network. */
export function reaching({ done, failed, givenUp }: Words) {
  return containerSetup.createStateConfig({
    entry: ['noteReach', 'holdOutside'],
    on: {
      'outside.held': {
        target: done,
        actions: { type: 'keepReached', params: ({ event }) => event }
      },
      'outside.holdFailed': {
        target: failed,
        actions: { type: givenUp, params: ({ event }) => event.failure }
      }
    }
  });
}
