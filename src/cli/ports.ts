import type { PortMapping } from '../index.ts';

/** One port of a mapping. */
export interface Binding extends PortMapping {
  /** `0.0.0.0:8080`, `[::1]:8080` */
  readonly host: string;
}

/** Every single port, in the order of the mappings. */
export function bindingsOf(mappings: readonly PortMapping[]): readonly Binding[] {
  return mappings.flatMap((mapping) =>
    Array.from({ length: mapping.range }, (_, index) => ({
      ...mapping,
      hostPort: mapping.hostPort + index,
      containerPort: mapping.containerPort + index,
      range: 1,
      host: `${hostText(mapping.hostIp)}:${mapping.hostPort + index}`
    }))
  );
}

/** What is published: `80/tcp`. */
export function bindingOf({ containerPort, protocol }: PortMapping): string {
  return `${containerPort}/${protocol}`;
}

/** `0.0.0.0:8080-8082->80-82/tcp` */
export function portText(mapping: PortMapping): string {
  const host = spanText(mapping.hostPort, mapping.range);
  const container = spanText(mapping.containerPort, mapping.range);
  return `${hostText(mapping.hostIp)}:${host}->${container}/${mapping.protocol}`;
}

/** In podman's words. */
export function portJson({
  hostIp,
  hostPort,
  containerPort,
  range,
  protocol
}: PortMapping): object {
  return {
    host_ip: hostIp,
    host_port: hostPort,
    container_port: containerPort,
    range,
    protocol
  };
}

/** Who publishes it, and whether the container sees the addresses of its clients. */
export function handlerJson({ via }: PortMapping, sourceAddress: 'kept' | 'lost'): object {
  return { handler: via ?? 'portmap', source_address: sourceAddress };
}

/** The same beside the fields of Docker's inspect, in their spelling. */
export function publishingJson(mapping: PortMapping, sourceAddress: 'kept' | 'lost'): object {
  const { hostIp, hostPort, containerPort, range, protocol, via } = mapping;
  return {
    HostIp: hostIp,
    HostPort: spanText(hostPort, range),
    ContainerPort: `${spanText(containerPort, range)}/${protocol}`,
    Handler: via ?? 'portmap',
    SourceAddress: sourceAddress
  };
}

function spanText(first: number, range: number): string {
  return range === 1 ? String(first) : `${first}-${first + range - 1}`;
}

function hostText(hostIp: string): string {
  if (hostIp === '') return '0.0.0.0';
  return hostIp.includes(':') ? `[${hostIp}]` : hostIp;
}
