import { h, type JSX, type VNode } from 'preact';
import { memo } from 'preact/compat';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { drawingOf, type Shape } from '../../../charts/drawing.ts';
import type { Layout } from '../../../charts/shapes.ts';

export interface DrawingProps {
  readonly layout: Layout;
  readonly title: string;
  /** 1: as it is. */
  readonly zoom: number;
  /** Ids of states that an actor is in. */
  readonly active: readonly string[];
  /** Ids of transitions that were taken. */
  readonly taken: readonly string[];
  /** Ids of transitions that were tried, and whose guard said no. */
  readonly refused: readonly string[];
  /** Id of a state that is pointed at. */
  readonly pointed: string;
  readonly onState: (id: string) => void;
  /** Told what the pointer is on, and where that is on the page. */
  readonly onTransitions: (ids: readonly string[], at: DOMRect | null) => void;
}

/** A chart; what is lit in it changes without its being drawn again. */
export function Drawing(props: DrawingProps): JSX.Element {
  const { layout, title, zoom, active, taken, refused, pointed, onState, onTransitions } = props;
  const frame = useRef<SVGSVGElement>(null);

  useLayoutEffect(() => {
    const svg = frame.current!;
    light(svg, '[data-state]', 'active', ({ dataset }) => active.includes(dataset['state'] ?? ''));
    light(svg, '[data-state]', 'pointed', ({ dataset }) => dataset['state'] === pointed);
    light(svg, '[data-transitions]', 'traced', (element) =>
      idsOf(element).some((id) => taken.includes(id))
    );
    light(svg, '[data-transitions]', 'refused', (element) =>
      idsOf(element).some((id) => refused.includes(id))
    );
  }, [layout, active, taken, refused, pointed]);

  return (
    <svg
      ref={frame}
      class="drawing"
      role="img"
      aria-label={title}
      width={layout.width * zoom}
      height={layout.height * zoom}
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      onClick={({ target }) => {
        const state = (target as Element).closest<SVGElement>('[data-state]')?.dataset['state'];
        if (state !== undefined) onState(state);
      }}
      onPointerMove={({ target }) => {
        const found = (target as Element).closest<SVGElement>('[data-transitions]');
        onTransitions(found === null ? [] : idsOf(found), found?.getBoundingClientRect() ?? null);
      }}
      onPointerLeave={() => onTransitions([], null)}
    >
      <Shapes layout={layout} />
    </svg>
  );
}

const Shapes = memo(({ layout }: { readonly layout: Layout }): JSX.Element => (
  <>{drawingOf(layout).map(elementOf)}</>
));

function elementOf({ tag, attributes, children }: Shape): VNode {
  return h(
    tag,
    { ...attributes },
    children.map((child) => (typeof child === 'string' ? child : elementOf(child)))
  );
}

function idsOf({ dataset }: SVGElement): readonly string[] {
  return (dataset['transitions'] ?? '').split('|');
}

function light(
  svg: SVGSVGElement,
  what: string,
  name: string,
  isLit: (element: SVGElement) => boolean
): void {
  for (const element of svg.querySelectorAll<SVGElement>(what)) {
    element.classList.toggle(name, isLit(element));
  }
}
