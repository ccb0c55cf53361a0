// A laid-out chart as one SVG file, for light and dark pages.
import { drawingOf, type DrawingOptions, type Shape } from './drawing.ts';
import type { Layout } from './shapes.ts';
import { DARK_COLOURS, LIGHT_COLOURS, SHAPE_RULES } from './style.ts';
import { escaped } from './text.ts';

export interface Caption {
  readonly title: string;
  readonly description: string;
}

export function svgOf(
  layout: Layout,
  { title, description }: Caption,
  options: DrawingOptions = {}
): string {
  const { width, height } = layout;
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" xml:space="preserve" aria-labelledby="title desc">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="desc">${escaped(description)}</desc>`,
    `<style>svg{${LIGHT_COLOURS}}\n@media (prefers-color-scheme:dark){svg{${DARK_COLOURS}}}\n${SHAPE_RULES}</style>`,
    ...drawingOf(layout, options).map(textOf),
    '</svg>',
    ''
  ].join('\n');
}

function textOf({ tag, attributes, children }: Shape): string {
  const pairs = Object.entries(attributes).map(
    ([name, value]) => ` ${name}="${escaped(String(value))}"`
  );
  const inner = children.map((child) =>
    typeof child === 'string' ? escaped(child) : textOf(child)
  );
  const content = inner.join('');
  return content === ''
    ? `<${tag}${pairs.join('')}/>`
    : `<${tag}${pairs.join('')}>${content}</${tag}>`;
}
