import type { JSX } from 'preact';
import type { InterfaceNode } from '../../model/interfaces.ts';
import type { BridgeNode, ContainerNode, Difference } from '../../model/topology.ts';
import type { SeenProcess } from '../../../model/seen.ts';
import type { TopologyRow } from './topology-rows.ts';

/** A bridge, or what hangs on it: the host's end of the pair, the container's, and what it has. */
export function TopologyRowView({
  row,
  processes
}: {
  readonly row: TopologyRow;
  readonly processes: readonly SeenProcess[];
}): JSX.Element {
  if (row.kind === 'bridge') return <BridgeRow bridge={row.bridge} />;
  const { container, node, isLast } = row;
  const own = processes.filter(({ owner }) => owner === container.id);
  return (
    <div class={`wire${isLast ? ' last' : ''}${node === null ? ' loose' : ''}`}>
      <span class="branch" aria-hidden="true" />
      {node !== null && <HostEnd node={node} />}
      <div class={`netns${container.differences.length > 0 ? ' differs' : ''}`}>
        <span class="netns-name">
          <b>{container.id}</b> <span class="muted">{container.state}</span>
        </span>
        {node !== null && <Inside node={node} />}
      </div>
      <div class="wire-more">
        <Ports container={container} processes={own} />
        <Badges differences={node === null ? container.differences : badgesOf(container, node)} />
      </div>
    </div>
  );
}

function BridgeRow({ bridge }: { readonly bridge: BridgeNode }): JSX.Element {
  const { name, driver, networks, addresses, observed } = bridge;
  return (
    <div class="bus">
      <b>{name}</b>
      <span class="muted">
        {driver} of {networks.join(', ')}
      </span>
      {addresses.length > 0 && (
        <code>{addresses.filter((address) => !address.startsWith('fe80:')).join(', ')}</code>
      )}
      {observed === false && bridge.containers > 0 && (
        <b class="badge bad">missing in the kernel</b>
      )}
    </div>
  );
}

function HostEnd({ node }: { readonly node: InterfaceNode }): JSX.Element {
  return (
    <span class="host-end">
      {node.hostLink === null ? <span class="muted">no link</span> : <code>{node.hostLink}</code>}
    </span>
  );
}

function Inside({ node }: { readonly node: InterfaceNode }): JSX.Element {
  const { name, addresses, observed, recorded: isAttached } = node;
  return (
    <span class="inside">
      <code class={isAttached && observed === false ? 'gone' : isAttached ? '' : 'muted'}>
        {name}
      </code>{' '}
      {addresses.map(({ address, observed: isSeen, recorded }) => (
        <code key={address} class={isSeen === false ? 'gone' : recorded ? '' : 'strange'}>
          {address}
        </code>
      ))}
    </span>
  );
}

function Ports({
  container,
  processes
}: {
  readonly container: ContainerNode;
  readonly processes: readonly SeenProcess[];
}): JSX.Element {
  return (
    <>
      {container.ports.slice(0, 3).map((port) => (
        <code key={port} class="port">
          {port}
        </code>
      ))}
      {container.ports.length > 3 && (
        <span class="muted">and {container.ports.length - 3} more</span>
      )}
      {processes.map(({ pid, purpose, title }) => (
        <span key={pid} class="badge" title={title}>
          {purpose} {pid}
        </span>
      ))}
    </>
  );
}

function Badges({ differences }: { readonly differences: readonly Difference[] }): JSX.Element {
  return (
    <>
      {differences.slice(0, 2).map(({ object, text, kind }) => (
        <b key={`${object} ${kind}`} class="badge bad" title={text}>
          {kind}: {object}
        </b>
      ))}
      {differences.length > 2 && <b class="badge bad">{differences.length - 2} more</b>}
    </>
  );
}

/** On the interface that they are of; what belongs to none stands at the first. */
function badgesOf(container: ContainerNode, node: InterfaceNode): readonly Difference[] {
  const own = new Set([node.name, ...node.addresses.map(({ address }) => address)]);
  const isFirst = container.interfaces[0] === node;
  const known = new Set(
    container.interfaces.flatMap((one) => [
      one.name,
      ...one.addresses.map(({ address }) => address)
    ])
  );
  return container.differences.filter(
    ({ object }) => own.has(object) || (isFirst && !known.has(object))
  );
}
