import type { ExposedPort, PortMapping, Protocol } from './container.ts';

/**
 * The exposed ports that no mapping publishes, as ranges: each port once, in order.
 *
 * @param ports whose container ports are left out, protocol by protocol
 */
export function unpublished(
  exposed: readonly ExposedPort[],
  ports: readonly PortMapping[]
): readonly ExposedPort[] {
  const left = new Map<Protocol, Span[]>();
  const taken: readonly (Span & { readonly protocol: Protocol })[] = ports.map(
    ({ containerPort, range, protocol }) => ({ protocol, ...span(containerPort, range) })
  );
  for (const { port, range, protocol } of exposed) {
    const before = left.get(protocol) ?? [];
    const others = [...taken.filter((other) => other.protocol === protocol), ...before];
    left.set(protocol, [...before, ...others.reduce(without, [span(port, range)])]);
  }
  return [...left].flatMap(([protocol, spans]) =>
    merged(spans).map(({ first, end }) => ({ port: first, range: end - first, protocol }))
  );
}

/** Host ports are left to choose. */
export function publishAll(
  exposed: readonly ExposedPort[],
  ports: readonly PortMapping[]
): readonly PortMapping[] {
  return unpublished(exposed, ports).map(({ port, range, protocol }) => ({
    hostIp: '',
    hostPort: 0,
    containerPort: port,
    range,
    protocol
  }));
}

interface Span {
  readonly first: number;
  /** The port behind the last one. */
  readonly end: number;
}

function span(first: number, range: number): Span {
  return { first, end: first + range };
}

function without(spans: readonly Span[], gone: Span): Span[] {
  return spans.flatMap(({ first, end }) =>
    [
      { first, end: Math.min(end, gone.first) },
      { first: Math.max(first, gone.end), end }
    ].filter((piece) => piece.first < piece.end)
  );
}

function merged(spans: readonly Span[]): readonly Span[] {
  return spans
    .toSorted((a, b) => a.first - b.first)
    .reduce<Span[]>((done, { first, end }) => {
      const last = done.at(-1);
      if (last?.end !== first) return [...done, { first, end }];
      return [...done.slice(0, -1), { first: last.first, end }];
    }, []);
}
