export type {
  AttachmentInput,
  Container,
  ContainerList,
  ExposeInput,
  DnsInput,
  HostsInput,
  MooringOptions,
  NetworkList,
  Networks,
  PortInput,
  Recovered,
  UpInput
} from './api.ts';
export type { MooringEvent } from './bus/events.ts';
export type { CniResult } from './model/cni-result.ts';
export type { ContainerSpec, ExposedPort, Netns, PortMapping } from './model/container.ts';
export { MooringError, type Failure } from './model/failure.ts';
export type { Finding } from './model/finding.ts';
export { networkSettings, type NetworkSettings } from './model/network-settings.ts';
export { DEFAULT_NETWORK } from './model/network.ts';
export type { NetworkFilter, NetworkInput, NetworkView } from './model/network-view.ts';
export { parseNetworkOption } from './model/network-option.ts';
export { parseExpose, parsePublish } from './model/port.ts';
export type { AttachmentView, ContainerState, ContainerView } from './model/view.ts';
export { doctor, Mooring, openMooring } from './mooring.ts';
export type { JournalRecord } from './store/store.ts';
