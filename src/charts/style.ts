// How a chart looks, on a page of its own and in another's.
import { TAG_PX, TEXT_PX, TITLE_PX } from './boxes.ts';

const LIGHT = {
  page: '#ffffff',
  level0: '#f6f8fa',
  level1: '#eaeef2',
  level2: '#dfe5eb',
  outline: '#8c959f',
  state: '#ffffff',
  busy: '#0969da',
  rest: '#1a7f37',
  text: '#1f2328',
  arrow: '#57606a',
  event: '#0a3069',
  guard: '#6639ba',
  action: '#57606a',
  ask: '#953800',
  tag: '#ddf4ff',
  tagged: '#0550ae',
  lit: '#fff8c5',
  traced: '#bc4c00'
};

const DARK: typeof LIGHT = {
  page: '#0d1117',
  level0: '#151b23',
  level1: '#1c2430',
  level2: '#242e3b',
  outline: '#6e7681',
  state: '#0d1117',
  busy: '#58a6ff',
  rest: '#3fb950',
  text: '#e6edf3',
  arrow: '#9198a1',
  event: '#a5d6ff',
  guard: '#d2a8ff',
  action: '#a2abb5',
  ask: '#ffa657',
  tag: '#0c2d6b',
  tagged: '#79c0ff',
  lit: '#3d2e00',
  traced: '#f0883e'
};

/** Colours as custom properties, `--chart-busy`. */
export const LIGHT_COLOURS = properties(LIGHT);
export const DARK_COLOURS = properties(DARK);

/** Rules for the shapes of a drawing; colours come from the custom properties. */
export const SHAPE_RULES = [
  `text{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;font-size:${TEXT_PX}px;fill:var(--chart-text)}`,
  `.title{font-size:${TITLE_PX}px;font-weight:700}.event{font-weight:700}`,
  `.tagged{font-size:${TAG_PX}px;font-weight:700}`,
  '.frame{stroke-width:1.5;stroke:var(--chart-outline);fill:var(--chart-state)}.rule{stroke-width:1;stroke:var(--chart-outline)}',
  '.level0{fill:var(--chart-level0)}.level1{fill:var(--chart-level1)}.level2{fill:var(--chart-level2)}',
  '.page{fill:var(--chart-page)}',
  '.frame.busy{stroke:var(--chart-busy)}.frame.rest{stroke:var(--chart-rest)}',
  '.frame.parallel{stroke-dasharray:7 4}.frame.final{stroke-width:4}.frame.closed{stroke-width:2.5}',
  '.arrow{fill:none;stroke-width:1.4;stroke:var(--chart-arrow)}.always .arrow{stroke-dasharray:5 4}',
  '.head,.dot{fill:var(--chart-arrow)}',
  '.event{fill:var(--chart-event)}.guard{fill:var(--chart-guard)}.action{fill:var(--chart-action)}.ask{fill:var(--chart-ask)}',
  '.tag{fill:var(--chart-tag)}.tagged{fill:var(--chart-tagged)}',
  '.state:target .frame,.state.active:not(.outer) .frame{stroke-width:3;fill:var(--chart-lit)}',
  '.state.outer.active .frame{stroke:var(--chart-traced);stroke-width:2}',
  '.traced .arrow{stroke:var(--chart-traced);stroke-width:2.6}.traced .head{fill:var(--chart-traced)}',
  'text.traced tspan{fill:var(--chart-traced);font-weight:700}'
].join('\n');

function properties(colours: typeof LIGHT): string {
  return Object.entries(colours)
    .map(([name, colour]) => `--chart-${name}:${colour}`)
    .join(';');
}
