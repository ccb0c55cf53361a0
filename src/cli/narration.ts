import type { MooringEvent } from '../index.ts';

type ContainerEvent = Extract<MooringEvent, { readonly container: string }>;

/**
 * Says after each event what its container waits for now: `web: attaching front`.
 *
 * @returns a function that answers `undefined` for events that change nothing of it
 */
export function narrator(): (event: MooringEvent) => string | undefined {
  const networks = new Map<string, readonly string[]>();
  return (event) => {
    if (!('container' in event)) return undefined;
    if (event.type === 'resources.held') {
      const names = event.attachments.map(({ network }) => network);
      networks.set(event.container, names);
    }
    const waiting = waitingFor(event, networks.get(event.container) ?? []);
    return waiting === undefined ? undefined : `${event.container}: ${waiting}`;
  };
}

function waitingFor(event: ContainerEvent, networks: readonly string[]): string | undefined {
  switch (event.type) {
    case 'container.up':
    case 'container.start':
      return 'preparing ports, networks and namespace';
    case 'container.connect':
      return `preparing ${event.attachment.network}`;
    case 'container.disconnect':
      return `detaching ${event.network}`;
    case 'container.reload':
      return 'looking at what is there';
    case 'resources.held':
      return attaching(networks[0]);
    case 'attachment.added':
      return attaching(networks[networks.indexOf(event.network) + 1]);
    case 'attachment.addFailed':
      return `undoing, ${event.network} has refused it`;
    case 'container.down':
      return networks.length === 0 ? 'detaching its networks' : `detaching ${networks.at(-1)}`;
    case 'attachment.deleted':
      return detaching(networks[networks.indexOf(event.network) - 1]);
    case 'attachment.delFailed':
      return `waiting to detach ${event.network} once more`;
    case 'firewall.swept':
      return 'releasing what it held';
    default:
      return undefined;
  }
}

function attaching(network: string | undefined): string {
  return network === undefined ? 'finishing' : `attaching ${network}`;
}

function detaching(network: string | undefined): string {
  return network === undefined ? 'releasing what it held' : `detaching ${network}`;
}
