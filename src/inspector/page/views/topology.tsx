import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { BridgeNode, Topology } from '../../model/topology.ts';
import { Empty, Waiting } from '../parts/empty.tsx';
import { Leaks } from '../parts/leaks.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { topologyFor } from '../state/kernel.ts';
import type { Session } from '../state/session.ts';
import { useAsked, useStore } from '../state/store.ts';
import { clockText, countText } from '../state/text.ts';
import { TopologyRowView } from './topology-row.tsx';
import { rowsFor, type TopologyRow } from './topology-rows.ts';

const ROW_PX = 58;

/** Who is connected to what on this host, as it is recorded and as the kernel has it. */
export function TopologyView({ session }: { readonly session: Session }): JSX.Element {
  const { version } = useStore(session.counts);
  const server = useStore(session.server);
  const observed = useStore(session.observed);
  const [looks, setLooks] = useState(0);
  const [chosen, setChosen] = useState<string | null>(null);
  const [isLeaking, setLeaking] = useState(false);
  // Each look costs the host something: not one for every record.
  const settled = server === null ? version : 0;
  const asked = useAsked(() => topologyFor(session, null), [looks, settled, server, observed]);
  if (asked.error !== undefined) return <p class="fault">{asked.error}</p>;
  if (asked.value === undefined) return <Waiting what="networks and the kernel" />;
  const topology = asked.value;
  return (
    <section class="view topology-view" aria-label="Topology">
      <div class="toolbar">
        <b>{countText(topology.containers.length, 'container')}</b>
        <span class="muted">
          {topology.observedAt === null
            ? 'the kernel was not looked at'
            : `kernel seen at ${clockText(topology.observedAt)}`}
        </span>
        <Differing topology={topology} />
        <span class="spacer" />
        {server !== null && (
          <>
            <button onClick={() => setLooks(looks + 1)}>Look again</button>
            <button aria-pressed={isLeaking} onClick={() => setLeaking(!isLeaking)}>
              What is left over
            </button>
          </>
        )}
      </div>
      {isLeaking && server !== null && <Leaks session={session} server={server} />}
      {topology.containers.length === 0 && topology.bridges.length === 0 ? (
        <Empty title="No networks">
          <p>
            A network is made by <code>mooring network create front</code>, and a container joins it
            by <code>mooring up web --network front</code>.
          </p>
        </Empty>
      ) : (
        <Connected session={session} topology={topology} chosen={chosen} onChoose={setChosen} />
      )}
    </section>
  );
}

function Differing({ topology }: { readonly topology: Topology }): JSX.Element | null {
  const count = topology.containers.reduce((sum, { differences }) => sum + differences.length, 0);
  if (topology.observedAt === null) return null;
  if (count === 0) return <b class="badge good">all three truths agree</b>;
  return <b class="badge bad">{countText(count, 'difference')}</b>;
}

interface ConnectedProps {
  readonly session: Session;
  readonly topology: Topology;
  /** Name of a bridge; `null`: all of them. */
  readonly chosen: string | null;
  readonly onChoose: (bridge: string | null) => void;
}

function Connected({ session, topology, chosen, onChoose }: ConnectedProps): JSX.Element {
  const { key } = useStore(session.selection);
  const [range, setRange] = useState({ offset: 0, limit: 40 });
  const rows = useMemo(() => rowsFor(topology, chosen), [topology, chosen]);
  const at = rows.findIndex(
    (row) => row.kind === 'interface' && `container/${row.container.id}` === key
  );
  return (
    <>
      <Bridges
        bridges={topology.bridges}
        uplinks={topology.uplinks}
        chosen={chosen}
        onChoose={onChoose}
      />
      <VirtualList
        label="Connections"
        total={rows.length}
        rowHeight={ROW_PX}
        width={760}
        window={{
          offset: range.offset,
          items: rows.slice(range.offset, range.offset + range.limit)
        }}
        onWindow={(offset, limit) => setRange({ offset, limit })}
        chosen={at}
        shown={at}
        onChoose={(index) => choose(session, rows[index])}
        row={(row) => <TopologyRowView row={row} processes={topology.processes} />}
      />
    </>
  );
}

function choose(session: Session, row: TopologyRow | undefined): void {
  if (row === undefined) return;
  const key =
    row.kind === 'bridge'
      ? `network/${row.bridge.networks[0] ?? ''}`
      : `container/${row.container.id}`;
  session.select({ key, tab: row.kind === 'bridge' ? 'event' : 'kernel', at: null });
}

interface BridgesProps {
  readonly bridges: readonly BridgeNode[];
  readonly uplinks: Topology['uplinks'];
  readonly chosen: string | null;
  readonly onChoose: (bridge: string | null) => void;
}

/** The host's side: what leads out, and the networks, each a button that leaves the others out. */
function Bridges({ bridges, uplinks, chosen, onChoose }: BridgesProps): JSX.Element {
  return (
    <div class="host" role="group" aria-label="Networks of this host">
      <div class="host-name">
        <b>Host</b>
        {uplinks.slice(0, 4).map(({ name, addresses, up }) => (
          <span key={name} class="muted">
            <code>{name}</code> {up ? (addresses[0] ?? '') : 'down'}
          </span>
        ))}
      </div>
      <div class="bridges">
        {bridges.map((bridge) => (
          <button
            key={bridge.name}
            class="bridge"
            aria-pressed={chosen === bridge.name}
            onClick={() => onChoose(chosen === bridge.name ? null : bridge.name)}
          >
            <span class="bridge-name">{bridge.name}</span>
            <span class="muted">
              {bridge.networks.join(', ')} · {bridge.driver}
            </span>
            <span class="muted">{bridge.subnets.join(', ')}</span>
            <span>
              {countText(bridge.containers, 'container')}
              {bridge.observed === false && bridge.containers > 0 && (
                <b class="badge bad">missing</b>
              )}
              {bridge.observed === false && bridge.containers === 0 && (
                <b class="badge">not in use</b>
              )}
            </span>
          </button>
        ))}
      </div>
    </div>
  );
}
