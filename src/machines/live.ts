import { containerSetup } from './container-setup.ts';

/** What can be asked of a container that is up, whether all is well with it or not. */
export const live = containerSetup.createStateConfig({
  on: {
    'container.down': {
      target: '#container.tearingDown',
      actions: { type: 'noteUnwanted', params: ({ event }) => event.forget === true }
    },
    'container.rebooted': { target: '#container.tearingDown', actions: 'noteReboot' },
    'container.reload': [
      { guard: 'mayNotReload', actions: 'refuseReload' },
      {
        guard: { type: 'isFull', params: ({ event }) => event.full === true },
        target: '#container.reloading',
        actions: { type: 'beginReload', params: 'full' }
      },
      { target: '#container.reloading', actions: { type: 'beginReload', params: 'reload' } }
    ],
    'container.repair': {
      guard: 'hasNetns',
      target: '#container.reloading',
      actions: { type: 'beginReload', params: 'repair' }
    },
    'container.refresh': {
      target: '#container.reloading.writing',
      actions: { type: 'beginReload', params: 'repair' }
    },
    'container.connect': [
      {
        guard: { type: 'mayConnect', params: ({ event }) => event.attachment },
        target: '#container.connecting',
        actions: { type: 'beginConnect', params: ({ event }) => event.attachment }
      },
      { actions: { type: 'refuseConnect', params: ({ event }) => event.attachment } }
    ],
    'container.disconnect': [
      {
        guard: { type: 'mayDisconnect', params: ({ event }) => event.network },
        target: '#container.disconnecting',
        actions: { type: 'beginDisconnect', params: ({ event }) => event.network }
      },
      { actions: { type: 'refuseDisconnect', params: ({ event }) => event.network } }
    ]
  }
});
