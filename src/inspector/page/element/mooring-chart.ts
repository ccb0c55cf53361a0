// `<mooring-chart src="charts.json" machine="container" active="up">`, for pages and reports of others.
import { drawingOf, type Shape } from '../../../charts/drawing.ts';
import { DARK_COLOURS, LIGHT_COLOURS, SHAPE_RULES } from '../../../charts/style.ts';
import { isBelow, listOf } from './text.ts';
import type { Chart, ChartPicture, Charts } from '../state/charts.ts';

const RULES = `:host{display:block;overflow:auto;${LIGHT_COLOURS}}
@media (prefers-color-scheme:dark){:host{${DARK_COLOURS}}}
${SHAPE_RULES}
svg{display:block;max-width:100%;height:auto}
p,li,summary{color:var(--chart-text);font:14px/1.5 system-ui,sans-serif}`;

/**
 * One picture of one chart.
 *
 * - `src`: URL of `charts.json`, which the package has
 * - `machine`: kind of actor, `container`
 * - `picture`: `container-creating`, or `container-all`; default: the machine as a whole
 * - `active`: states to be lit, `creating.holding`, with blanks between; those around them are too
 */
export class MooringChart extends HTMLElement {
  static readonly observedAttributes = ['src', 'machine', 'picture', 'active'];

  #asked = 0;

  connectedCallback(): void {
    if (this.shadowRoot === null) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(RULES);
      this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [sheet];
    }
    void this.#draw();
  }

  attributeChangedCallback(): void {
    if (this.isConnected) void this.#draw();
  }

  async #draw(): Promise<void> {
    const asked = ++this.#asked;
    const drawn = await this.#content().catch((error: unknown) => [messageOf(error)]);
    // An attribute has changed meanwhile: what it asked for comes too.
    if (asked === this.#asked) this.shadowRoot?.replaceChildren(...drawn);
  }

  async #content(): Promise<readonly Node[]> {
    const src = this.getAttribute('src') ?? '';
    const machine = this.getAttribute('machine') ?? '';
    const name = this.getAttribute('picture');
    const { machines } = await chartsAt(src);
    const chart = machines.find(({ kind }) => kind === machine);
    if (chart === undefined) throw new Error(`${src} has no machine "${machine}"`);
    const picture = chart.pictures.find((one) => name === null || one.name === name);
    if (picture === undefined) throw new Error(`${machine} has no picture "${name ?? ''}"`);
    const active = (this.getAttribute('active') ?? '').split(/\s+/).filter((path) => path !== '');
    return [svgOf(chart, picture, active), listOf(chart, active)];
  }
}

const fetched = new Map<string, Promise<Charts>>();

function chartsAt(src: string): Promise<Charts> {
  const known = fetched.get(src);
  if (known !== undefined) return known;
  const asked = fetch(src).then(async (response) => {
    if (!response.ok) throw new Error(`${src}: ${response.status} ${response.statusText}`);
    return (await response.json()) as Charts;
  });
  fetched.set(src, asked);
  // What failed is asked for again the next time.
  asked.catch(() => fetched.delete(src));
  return asked;
}

function svgOf({ structure }: Chart, { layout }: ChartPicture, active: readonly string[]): Node {
  const svg = elementOf('svg', {
    viewBox: `0 0 ${layout.width} ${layout.height}`,
    width: layout.width,
    height: layout.height,
    role: 'img',
    'aria-label': `The ${structure.id} statechart${active.length > 0 ? `, in ${active.join(', ')}` : ''}`
  });
  svg.append(...drawingOf(layout).map(nodeOf));
  for (const group of svg.querySelectorAll<SVGElement>('[data-state]')) {
    const path = (group.dataset['state'] ?? '').slice(structure.id.length + 1);
    group.classList.toggle(
      'active',
      active.some((one) => isBelow(one, path))
    );
  }
  return svg;
}

function nodeOf({ tag, attributes, children }: Shape): Element {
  const element = elementOf(tag, attributes);
  element.append(...children.map((child) => (typeof child === 'string' ? child : nodeOf(child))));
  return element;
}

function elementOf(tag: string, attributes: Shape['attributes']): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

function messageOf(error: unknown): Node {
  const line = document.createElement('p');
  line.setAttribute('role', 'alert');
  line.textContent = `The chart can't be drawn: ${error instanceof Error ? error.message : String(error)}`;
  return line;
}

customElements.define('mooring-chart', MooringChart);
