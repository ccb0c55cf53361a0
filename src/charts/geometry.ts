// Lines of a picture: orthogonal with rounded corners, and the heads of arrows.
import type { Point } from './shapes.ts';

export type Attributes = Readonly<Record<string, string | number>>;

const CORNER_PX = 6;
const HEAD_PX = 8;

/** Path of an arrow's line; it ends inside the head, so that the tip is sharp. */
export function lineOf(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const tip = rest.at(-1);
  if (first === undefined || tip === undefined) return '';
  const last = toward(tip, points.at(-2)!, HEAD_PX - 2);
  const inner = points.slice(1, -1).map((corner, index) => {
    const before = points[index]!;
    const after = points[index + 2]!;
    const begin = toward(corner, before, Math.min(CORNER_PX, distance(corner, before) / 2));
    const end = toward(corner, after, Math.min(CORNER_PX, distance(corner, after) / 2));
    return `L${pair(begin)}Q${pair(corner)} ${pair(end)}`;
  });
  return `M${pair(first)}${inner.join('')}L${pair(last)}`;
}

export function headOf(points: readonly Point[]): string {
  const tip = points.at(-1);
  const from = points.at(-2);
  if (tip === undefined || from === undefined) return '';
  const back = toward(tip, from, HEAD_PX);
  const across = { x: (tip.y - back.y) / 2, y: (back.x - tip.x) / 2 };
  const left = { x: back.x + across.x, y: back.y + across.y };
  const right = { x: back.x - across.x, y: back.y - across.y };
  return `M${pair(tip)}L${pair(left)}L${pair(right)}Z`;
}

/** Tenths of a pixel are enough, and the same on every machine. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function toward(from: Point, to: Point, by: number): Point {
  const length = distance(from, to);
  if (length === 0) return from;
  return {
    x: from.x + ((to.x - from.x) * by) / length,
    y: from.y + ((to.y - from.y) * by) / length
  };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function pair({ x, y }: Point): string {
  return `${px(x)} ${px(y)}`;
}
