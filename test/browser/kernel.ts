import { containerView } from '../../src/actors/views.ts';
import type { InspectedHost } from '../../src/inspector/server/host.ts';
import type { SeenHost, SeenLink } from '../../src/model/seen.ts';
import type { ContainerView } from '../../src/model/view.ts';
import type { Played } from '../inspector/journals.ts';

/** What a played host has besides its journals: containers, networks, and a kernel that agrees. */
export function hostParts(host: Played): Partial<InspectedHost> {
  const { store } = host.process;
  const views = async (): Promise<readonly ContainerView[]> => {
    const listed = await store.list('container');
    return listed.flatMap((entry) => ('actor' in entry ? [containerView(entry.actor)] : []));
  };
  const networks = ['front', 'back'].map((name, index) => ({
    ...{ name, driver: 'bridge', network_interface: `br-${name}` },
    subnets: [{ subnet: `10.9${index}.0.0/24` }]
  }));
  return {
    mooring: {
      list: async () => ({ containers: await views(), unreadable: [] }),
      networks: { list: () => Promise.resolve({ networks, problems: [] }) } as never,
      gc: () =>
        Promise.resolve({
          removed: [{ kind: 'lease', owner: 'container/gone', object: 'front eth0 10.90.0.9' }],
          kept: []
        }),
      examine: async (id) => {
        const view = (await views()).find((one) => one.id === id)!;
        return {
          ...{ id, state: view.state, pending: view.pending, desired: view.spec },
          recorded: {
            netns: view.netns,
            attachments: view.attachments,
            ports: view.ports,
            files: null
          },
          ...{ observed: null, drifts: [], complete: true, failure: null }
        };
      }
    },
    see: (containers) => Promise.resolve(seen(containers))
  };
}

const LINK: SeenLink = {
  index: 1,
  name: '',
  kind: '',
  mac: '',
  mtuBytes: 1500,
  up: true,
  master: 0,
  peer: 0,
  addresses: []
};

function seen(containers: readonly ContainerView[]): SeenHost {
  const bridges = ['front', 'back'].map((name, index) => ({
    ...LINK,
    ...{ index: 10 + index, name: `br-${name}`, kind: 'bridge', addresses: [`10.9${index}.0.1/24`] }
  }));
  const links: SeenLink[] = [
    { ...LINK, index: 1, name: 'lo' },
    { ...LINK, index: 2, name: 'eth0', addresses: ['192.0.2.7/24'] },
    ...bridges
  ];
  const netns: Record<string, SeenHost['netns'][string]> = {};
  for (const [place, { id, attachments }] of containers.entries()) {
    const inside = attachments.map(({ network, ifName, result }, index) => {
      const end = 100 + place * 4 + index;
      const master = bridges.find(({ name }) => name === `br-${network}`)?.index ?? 0;
      links.push({
        ...LINK,
        index: end,
        name: `veth${end.toString(16).padStart(8, '0')}`,
        kind: 'veth',
        master
      });
      const addresses = (result?.ips ?? []).map(({ address }) => address);
      return {
        ...LINK,
        index: 2 + index,
        name: ifName,
        kind: 'veth',
        peer: end,
        mac: `02:00:00:00:00:${end.toString(16).slice(-2).padStart(2, '0')}`,
        addresses
      };
    });
    // What one container should have, the kernel lacks.
    const kept = id === 'lost' ? inside.slice(1) : inside;
    netns[id] = { links: [{ ...LINK, name: 'lo' }, ...kept], routes: [], failure: null };
  }
  return {
    at: Date.now(),
    links,
    netns,
    processes: [{ pid: 4711, title: 'mooring: ports of web', purpose: 'ports', owner: 'web' }]
  };
}
