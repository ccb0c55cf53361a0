import type { InterfaceNode } from '../../model/interfaces.ts';
import type { BridgeNode, ContainerNode, Topology } from '../../model/topology.ts';

/** A line of the picture: a bridge, and below it each interface that hangs on it. */
export type TopologyRow =
  | { readonly kind: 'bridge'; readonly bridge: BridgeNode }
  | {
      readonly kind: 'interface';
      readonly container: ContainerNode;
      /** `null`: the container has no network of its own. */
      readonly node: InterfaceNode | null;
      /** The last on its bridge: the line ends here. */
      readonly isLast: boolean;
    };

/** @param chosen name of the one bridge that is shown; `null`: all */
export function rowsFor(
  { bridges, containers }: Topology,
  chosen: string | null
): readonly TopologyRow[] {
  const hung = new Map<
    string,
    { readonly container: ContainerNode; readonly node: InterfaceNode }[]
  >();
  for (const container of containers) {
    for (const node of container.interfaces) {
      const list = hung.get(node.network);
      if (list === undefined) hung.set(node.network, [{ container, node }]);
      else list.push({ container, node });
    }
  }
  const rows = bridges
    .filter(({ name }) => chosen === null || name === chosen)
    .flatMap((bridge) =>
      under(
        bridge,
        bridge.networks.flatMap((network) => hung.get(network) ?? [])
      )
    );
  if (chosen !== null) return rows;
  const known = new Set(bridges.flatMap(({ networks }) => networks));
  const others = containers.flatMap((container) => strayRows(container, known));
  return [...rows, ...others];
}

function under(
  bridge: BridgeNode,
  nodes: readonly { readonly container: ContainerNode; readonly node: InterfaceNode }[]
): readonly TopologyRow[] {
  return [
    { kind: 'bridge', bridge },
    ...nodes.map((one, index) => ({
      kind: 'interface' as const,
      ...one,
      isLast: index === nodes.length - 1
    }))
  ];
}

/** What hangs on no network that is known: its file is gone, or it is in another's netns. */
function strayRows(container: ContainerNode, known: ReadonlySet<string>): readonly TopologyRow[] {
  const nodes = container.interfaces.filter(({ network }) => !known.has(network));
  if (container.interfaces.length === 0)
    return [{ kind: 'interface', container, node: null, isLast: true }];
  return nodes.map((node) => ({ kind: 'interface', container, node, isLast: true }));
}
