import type { JSX } from 'preact';
import { transitionId } from '../../../charts/parts.ts';
import type { Candidate } from '../../../machines/candidates.ts';
import type { ChartState } from '../../../machines/structure.ts';
import type { Chart } from '../state/charts.ts';

interface StateTreeProps {
  readonly chart: Chart;
  readonly active: readonly string[];
  readonly pointed: string;
  readonly taken: readonly string[];
  readonly candidates: readonly Candidate[];
  readonly onChoose: (id: string) => void;
}

/** The chart for who does not look at pictures: states within states, and what leads out of each. */
export function StateTree(props: StateTreeProps): JSX.Element {
  const [root] = props.chart.structure.states;
  return <div class="state-tree">{root !== undefined && <Level {...props} parent={root} />}</div>;
}

function Level({
  parent,
  ...props
}: StateTreeProps & { readonly parent: ChartState }): JSX.Element | null {
  const children = props.chart.structure.states.filter(
    ({ path }) =>
      path.length === parent.path.length + 1 &&
      parent.path.every((key, index) => path[index] === key)
  );
  if (children.length === 0) return null;
  return (
    <ul>
      {children.map((state) => (
        <li key={state.id}>
          <StateItem {...props} state={state} />
          <Level {...props} parent={state} />
        </li>
      ))}
    </ul>
  );
}

function StateItem({
  state,
  ...props
}: StateTreeProps & { readonly state: ChartState }): JSX.Element {
  const { active, pointed, taken, candidates, onChoose } = props;
  const { id, path, tags, type } = state;
  const isActive = active.includes(id);
  const ways = [
    ...state.always.map((one) => ({ event: null, one })),
    ...state.on.flatMap(({ event, candidates: all }) => all.map((one) => ({ event, one })))
  ];
  return (
    <>
      <button class="plain state-name" aria-pressed={pointed === id} onClick={() => onChoose(id)}>
        {path.at(-1)}
      </button>
      {isActive && <b class="badge active">active</b>}
      {tags.map((tag) => (
        <span class="badge" key={tag}>
          {tag}
        </span>
      ))}
      {type === 'parallel' && <span class="muted"> all of these at once</span>}
      {pointed === id && (
        <ul class="ways">
          {ways.map(({ event, one }) => {
            const name = transitionId(id, event, one.index);
            const asked = candidates.find(
              (candidate) =>
                transitionId(candidate.source, candidate.event, candidate.index) === name
            );
            return (
              <li key={name}>
                <b>{event ?? 'at once'}</b>
                {one.guard !== null && <> if {one.guard.type}</>}
                {one.targets.length === 0
                  ? ', stays'
                  : `, to ${one.targets.map((target) => target.split('.').slice(1).join('.')).join(', ')}`}
                {taken.includes(name) && <b class="badge taken">taken</b>}
                {asked?.answer === 'refused' && <b class="badge refused">guard said no</b>}
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
}
