import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { InterfaceNode } from '../../model/interfaces.ts';
import { idOf, kindOf } from '../../model/records.ts';
import type { Difference } from '../../model/topology.ts';
import { kernelOf, type Kernel } from '../state/kernel.ts';
import type { Session } from '../state/session.ts';
import { useAsked, useStore } from '../state/store.ts';
import { clockText, countText } from '../state/text.ts';
import { Empty, Waiting } from './empty.tsx';
import { Part } from './part.tsx';

/** Desired, recorded and observed beside each other, thing by thing. */
export function KernelTab({ session }: { readonly session: Session }): JSX.Element {
  const { key } = useStore(session.selection);
  const observed = useStore(session.observed);
  const server = useStore(session.server);
  const isEarly = useStore(session.status).kind === 'loading';
  const [looks, setLooks] = useState(0);
  const isContainer = kindOf(key) === 'container';
  const { value, error } = useAsked(
    async () => (isContainer ? kernelOf(session, idOf(key)) : null),
    [key, looks, observed, server]
  );
  if (!isContainer) {
    return (
      <Empty title="Nothing to compare">
        <p>What the kernel holds is told of containers.</p>
      </Empty>
    );
  }
  if (error !== undefined) return <p class="fault">{error}</p>;
  if (value === undefined || value === null || isEarly) return <Waiting what="the kernel" />;
  return (
    <>
      <div class="actions">
        <button onClick={() => setLooks(looks + 1)}>Look again</button>
        <span class="muted">
          {value.topology.observedAt === null
            ? 'the kernel was not looked at'
            : `seen at ${clockText(value.topology.observedAt)}`}
        </span>
      </div>
      <Truthful kernel={value} />
    </>
  );
}

function Truthful({ kernel }: { readonly kernel: Kernel }): JSX.Element {
  const { topology, drifts, note } = kernel;
  const [container] = topology.containers;
  if (container === undefined) {
    return (
      <Empty title="It is gone">
        <p>No container of that name is there now.</p>
      </Empty>
    );
  }
  const { interfaces, ports, netns, failure } = container;
  const differences = [...container.differences, ...drifts].filter(isFirst);
  const warning = failure ?? note;
  return (
    <>
      <Verdict
        differences={differences}
        isSeen={topology.observedAt !== null && failure === null}
      />
      {warning !== null && <p class="warning">{warning}</p>}
      <Part title="Interfaces" isEmpty={interfaces.length === 0}>
        {interfaces.map((one) => (
          <InterfaceTable key={one.name} node={one} differences={differences} />
        ))}
      </Part>
      <Part title="Published" isEmpty={ports.length === 0}>
        <ul class="ports">
          {ports.map((port) => (
            <li key={port}>
              <code>{port}</code>
            </li>
          ))}
        </ul>
      </Part>
      <Part title="Netns" isEmpty={netns === null}>
        <code class="path">{netns}</code>
      </Part>
    </>
  );
}

function isFirst(one: Difference, index: number, all: readonly Difference[]): boolean {
  return all.findIndex(({ object }) => object === one.object) === index;
}

function Verdict({
  differences,
  isSeen
}: {
  readonly differences: readonly Difference[];
  readonly isSeen: boolean;
}): JSX.Element {
  if (!isSeen)
    return (
      <p class="muted">
        What is desired and recorded stands below; what the kernel holds is not known.
      </p>
    );
  if (differences.length === 0) return <p class="agree">All three agree.</p>;
  return (
    <ul class="differences" aria-label={countText(differences.length, 'difference')}>
      {differences.map(({ object, text, kind }) => (
        <li key={`${object} ${kind}`}>
          <b class="badge bad">{kind}</b> {text}
        </li>
      ))}
    </ul>
  );
}

function InterfaceTable({
  node,
  differences
}: {
  readonly node: InterfaceNode;
  readonly differences: readonly Difference[];
}): JSX.Element {
  const { name, network, desired, recorded, observed, addresses, hostLink, bridge } = node;
  return (
    <table class="truths">
      <caption>
        {name} <span class="muted">of {network}</span>
        {hostLink !== null && (
          <span class="muted">
            {' '}
            · {hostLink}
            {bridge === null ? '' : ` on ${bridge}`}
          </span>
        )}
      </caption>
      <thead>
        <tr>
          <th scope="col">Thing</th>
          <th scope="col">Desired</th>
          <th scope="col">Recorded</th>
          <th scope="col">Observed</th>
        </tr>
      </thead>
      <tbody>
        <Truths object={name} truths={[desired, recorded, observed]} differences={differences} />
        {addresses.map((one) => (
          <Truths
            key={one.address}
            object={one.address}
            truths={[null, one.recorded, one.observed]}
            differences={differences}
          />
        ))}
      </tbody>
    </table>
  );
}

interface TruthsProps {
  readonly object: string;
  readonly truths: readonly (boolean | null)[];
  readonly differences: readonly Difference[];
}

function Truths({ object, truths, differences }: TruthsProps): JSX.Element {
  const difference = differences.find((one) => one.object === object);
  return (
    <tr class={difference === undefined ? '' : 'differs'}>
      <th scope="row">
        {object}
        {difference !== undefined && <b class="badge bad">{difference.kind}</b>}
      </th>
      {truths.map((truth, index) => (
        <td key={index} class={truth === null ? 'unknown' : truth ? 'yes' : 'no'}>
          {truth === null ? '–' : truth ? 'yes' : 'no'}
        </td>
      ))}
    </tr>
  );
}
