import { containerSetup } from './container-setup.ts';

/** Connect and disconnect of a container that is down: they count from its next start. */
export const membership = containerSetup.createStateConfig({
  on: {
    'container.connect': [
      {
        guard: { type: 'mayConnect', params: ({ event }) => event.attachment },
        actions: { type: 'enlist', params: ({ event }) => event.attachment }
      },
      { actions: { type: 'refuseConnect', params: ({ event }) => event.attachment } }
    ],
    'container.disconnect': [
      {
        guard: { type: 'mayDisconnect', params: ({ event }) => event.network },
        actions: { type: 'delist', params: ({ event }) => event.network }
      },
      { actions: { type: 'refuseDisconnect', params: ({ event }) => event.network } }
    ]
  }
});
