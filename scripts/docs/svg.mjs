// A laid-out chart as one SVG file, for light and dark pages.
import {
  LINE_PX,
  PADDING_PX,
  RULE_GAP_PX,
  TEXT_PX,
  TITLE_LINE_PX,
  TITLE_PX,
  lineWidth,
  tagWidth
} from './boxes.mjs';
import { escaped, widthOf } from './text.mjs';

const LIGHT = {
  page: '#ffffff',
  outer: ['#f6f8fa', '#eaeef2', '#dfe5eb'],
  outline: '#8c959f',
  state: '#ffffff',
  busy: '#0969da',
  rest: '#1a7f37',
  text: '#1f2328',
  arrow: '#57606a',
  event: '#0a3069',
  guard: '#8250df',
  action: '#57606a',
  ask: '#953800',
  tag: '#ddf4ff'
};

const DARK = {
  page: '#0d1117',
  outer: ['#151b23', '#1c2430', '#242e3b'],
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
  tag: '#0c2d6b'
};

const CORNER_PX = 6;
const HEAD_PX = 8;

/** @param layout what `layoutOf` answers */
export function svgOf(layout, { title, description }) {
  const { width, height, states, dots, arrows } = layout;
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  const outer = states.filter(({ isOuter }) => isOuter);
  return lines(
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" xml:space="preserve" aria-labelledby="title desc">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="desc">${escaped(description)}</desc>`,
    `<style>${style()}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    ...outer.map(frame),
    ...arrows.map(arrow),
    ...states.map((placed) => (placed.isOuter ? writing(placed) : frame(placed) + writing(placed))),
    ...dots.map(dot),
    ...arrows.filter(({ label }) => label !== null).map(labelled),
    '</svg>',
    ''
  );
}

function style() {
  return lines(
    `text{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;font-size:${TEXT_PX}px}`,
    `.title{font-size:${TITLE_PX}px;font-weight:700}.event{font-weight:700}`,
    '.tag text,.tagged{font-size:10px;font-weight:700}',
    '.frame{stroke-width:1.5}.rule{stroke-width:1}',
    '.arrow{fill:none;stroke-width:1.4}.always{stroke-dasharray:5 4}',
    colours(LIGHT),
    `@media (prefers-color-scheme:dark){${colours(DARK)}}`
  );
}

function colours(of) {
  const levels = of.outer.map((fill, level) => `.outer${level},.under${level}{fill:${fill}}`);
  return [
    `.page{fill:${of.page}}`,
    `.frame{stroke:${of.outline}}`,
    ...levels,
    `.outer{stroke:${of.outline}}`,
    `.state{fill:${of.state}}`,
    `.busy{stroke:${of.busy}}`,
    `.rest{stroke:${of.rest}}`,
    `.passing,.rule{stroke:${of.outline}}`,
    `text{fill:${of.text}}`,
    `.arrow{stroke:${of.arrow}}`,
    `.head,.dot{fill:${of.arrow}}`,
    ...['event', 'guard', 'action', 'ask'].map((kind) => `.${kind}{fill:${of[kind]}}`),
    `.tag{fill:${of.tag}}`,
    `.tagged{fill:${of.busy}}`
  ].join('');
}

function frame({ x, y, width, height, state, isOuter, mood }) {
  const kind = isOuter ? `outer outer${levelOf(state.path.length)}` : `state ${mood}`;
  return `<rect class="frame ${kind}" ${at(x, y, width, height)} rx="8"/>`;
}

function levelOf(depth) {
  return Math.min(depth, LIGHT.outer.length - 1);
}

function writing({ x, y, width, box }) {
  const left = x + PADDING_PX;
  const top = y + TITLE_LINE_PX;
  const title = `<text class="title" x="${px(left)}" y="${px(top - 2)}">${escaped(box.title)}</text>`;
  if (box.lines.length === 0) return title + tags(box, left, top);
  const rule = `<line class="rule" x1="${px(x)}" x2="${px(x + width)}" y1="${px(top + RULE_GAP_PX)}" y2="${px(top + RULE_GAP_PX)}"/>`;
  const first = top + 2 * RULE_GAP_PX + LINE_PX - 5;
  const text = box.lines.map((line, index) => written(line, left, first + index * LINE_PX));
  return title + tags(box, left, top) + rule + text.join('');
}

function tags(box, left, top) {
  let x = left + widthOf(box.title, TITLE_PX, true) + 10;
  return box.tags
    .map((tag) => {
      const begin = x;
      x += tagWidth(tag) + 6;
      return (
        `<rect class="tag" ${at(begin, top - 15, tagWidth(tag), 16)} rx="8"/>` +
        `<text class="tagged" x="${px(begin + 6)}" y="${px(top - 3.5)}">${escaped(tag)}</text>`
      );
    })
    .join('');
}

function written(line, x, y) {
  const spans = line.map(({ kind, text }) => `<tspan class="${kind}">${escaped(text)}</tspan>`);
  return `<text x="${px(x)}" y="${px(y)}">${spans.join('')}</text>`;
}

function dot({ x, y, width }) {
  const radius = width / 2;
  return `<circle class="dot" cx="${px(x + radius)}" cy="${px(y + radius)}" r="${px(radius)}"/>`;
}

function labelled({ label, lines: text, depth }) {
  const { x, y, width, height } = label;
  const paper = `<rect class="under${levelOf(depth)}" ${at(x, y, width, height)} rx="3"/>`;
  const writings = text.map((line, index) => {
    const left = x + (width - lineWidth(line)) / 2;
    return written(line, left, y + 2 + LINE_PX * (index + 1) - 4);
  });
  return paper + writings.join('');
}

function arrow({ kind, points }) {
  const dashed = kind === 'always' ? ' always' : '';
  return `<path class="arrow${dashed}" d="${rounded(points)}"/><path class="head" d="${head(points)}"/>`;
}

// Orthogonal with rounded corners; it ends inside the head, so that the tip is sharp.
function rounded(points) {
  const first = points[0];
  const last = toward(points.at(-1), points.at(-2), HEAD_PX - 2);
  const inner = points.slice(1, -1).map((corner, index) => {
    const before = points[index];
    const after = points[index + 2];
    const begin = toward(corner, before, Math.min(CORNER_PX, distance(corner, before) / 2));
    const end = toward(corner, after, Math.min(CORNER_PX, distance(corner, after) / 2));
    return `L${pair(begin)}Q${pair(corner)} ${pair(end)}`;
  });
  return `M${pair(first)}${inner.join('')}L${pair(last)}`;
}

function head(points) {
  const tip = points.at(-1);
  const back = toward(tip, points.at(-2), HEAD_PX);
  const across = { x: (tip.y - back.y) / 2, y: (back.x - tip.x) / 2 };
  const left = { x: back.x + across.x, y: back.y + across.y };
  const right = { x: back.x - across.x, y: back.y - across.y };
  return `M${pair(tip)}L${pair(left)}L${pair(right)}Z`;
}

function toward(from, to, by) {
  const length = distance(from, to);
  if (length === 0) return from;
  return {
    x: from.x + ((to.x - from.x) * by) / length,
    y: from.y + ((to.y - from.y) * by) / length
  };
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function at(x, y, width, height) {
  return `x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}"`;
}

function pair({ x, y }) {
  return `${px(x)} ${px(y)}`;
}

function px(value) {
  return String(Math.round(value * 10) / 10);
}

function lines(...parts) {
  return parts.join('\n');
}
