export type {
  AttachmentInput,
  Container,
  ContainerList,
  ExposeInput,
  HostContainers,
  Hosts,
  HostStatus,
  DnsInput,
  HostsInput,
  JournalExport,
  MooringOptions,
  NetworkList,
  Networks,
  PortInput,
  Pruned,
  Recovered,
  RecoverOptions,
  UpInput
} from './api.ts';
export type { MooringEvent } from './bus/events.ts';
export type { CniResult } from './model/cni-result.ts';
export { engineEventText, type EngineAction, type EngineEvent } from './model/engine-event.ts';
export type { ContainerSpec, ExposedPort, Netns, PortMapping } from './model/container.ts';
export type { CheckFinding, Checked, Examination } from './model/examination.ts';
export { MooringError, type Failure } from './model/failure.ts';
export type { Finding } from './model/finding.ts';
export type { Collected, Garbage } from './model/garbage.ts';
export { networkMode, type NetworkSettings } from './model/network-settings.ts';
export { networkSettings } from './network-settings.ts';
export { DEFAULT_NETWORK } from './model/network.ts';
export type { NetworkFilter, NetworkInput, NetworkView } from './model/network-view.ts';
export { parseNetworkOption } from './model/network-option.ts';
export { sourceAddressOf } from './model/port-handler.ts';
export { parseExpose, parsePublish } from './model/port.ts';
export { totalOf, type ContainerStats, type Counter, type InterfaceStats } from './model/stats.ts';
export type { UplinkInput } from './model/uplink-input.ts';
export type { UplinkSpec, UplinkView } from './model/uplink.ts';
export type { AttachmentView, ContainerState, ContainerView } from './model/view.ts';
export type { Agent } from './agent/agent.ts';
export type { Inspector, InspectorOptions } from './inspecting.ts';
export { doctor, Mooring, openAgent, openInspector, openMooring } from './mooring.ts';
export { notify } from './syscalls/notify.ts';
export type { JournalRecord } from './store/store.ts';
