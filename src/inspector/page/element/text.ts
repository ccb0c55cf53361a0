// What a picture says, for who does not look at pictures.
import type { Chart } from '../state/charts.ts';

/** States and where their events lead, folded away. */
export function listOf({ structure }: Chart, active: readonly string[]): HTMLElement {
  const details = document.createElement('details');
  const summary = document.createElement('summary');
  summary.textContent = 'As text';
  const list = document.createElement('ul');
  for (const { path, on, always } of structure.states) {
    if (path.length === 0) continue;
    const name = path.join('.');
    const isActive = active.some((one) => isBelow(one, name));
    const ways = [{ event: 'at once', candidates: always }, ...on].flatMap(
      ({ event, candidates }) =>
        candidates.map(({ targets, guard }) => {
          const when = guard === null ? '' : ` if ${guard.type}`;
          return `${event}${when}: ${targets.map(nameOf).join(', ') || 'stays'}`;
        })
    );
    const item = document.createElement('li');
    item.textContent = `${name}${isActive ? ' (active)' : ''}${ways.length > 0 ? ` – ${ways.join('; ')}` : ''}`;
    list.append(item);
  }
  details.append(summary, list);
  return details;
}

/** Whether a state is the other or within it: `creating.holding` within `creating`. */
export function isBelow(path: string, outer: string): boolean {
  return path === outer || (outer !== '' && path.startsWith(`${outer}.`));
}

function nameOf(id: string): string {
  return id.slice(id.indexOf('.') + 1);
}
