import { CliError, usage, visible } from './errors.ts';

const SGR = { green: 32, red: 31, yellow: 33 } as const;

export function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

/** A table without lines, its columns aligned; wide characters and colours count right. */
export async function table(
  head: readonly string[] | undefined,
  rows: readonly (readonly string[])[]
): Promise<string | undefined> {
  const { default: Table } = await import('cli-table3');
  const grid = new Table({ chars: NO_LINES, style: PLAIN });
  for (const row of head === undefined ? rows : [head, ...rows]) grid.push([...row]);
  if (grid.length === 0) return undefined;
  const lines = grid.toString().split('\n');
  return lines.map((line) => line.trimEnd()).join('\n');
}

export function paint(text: string, colour: keyof typeof SGR): string {
  return `\u001b[${SGR[colour]}m${text}\u001b[0m`;
}

/** A list as one cell. */
export function cell(values: readonly string[]): string {
  return visible(values.join(', '));
}

/**
 * Objects as `--format` asks: all of them as one JSON array, or one field of each, a line each.
 *
 * @param format `json`, or one field path: `{{.cniVersion}}`, `{{ .State.Status }}`
 * @throws CliError `cli.usage` when it is neither, `cli.noField` when an object lacks the field
 */
export function formatted(format: string, objects: readonly object[]): string | undefined {
  if (format === 'json') return json(objects);
  const path = parseTemplate(format);
  if (objects.length === 0) return undefined;
  return objects.map((object) => fieldText(object, path)).join('\n');
}

/** @throws CliError `cli.usage` */
export function parseTemplate(format: string): readonly string[] {
  const path = /^\{\{\s*((?:\.\w+)+)\s*\}\}$/.exec(format)?.[1];
  if (path === undefined) {
    throw usage(`unknown format "${format}", it must be json or one field as {{.field}}`);
  }
  return path.slice(1).split('.');
}

function fieldText(object: object, path: readonly string[]): string {
  let value: unknown = object;
  for (const name of path) {
    const found = fieldOf(value, name);
    if (found === undefined) {
      throw new CliError('cli.noField', `there is no field "${path.join('.')}"`);
    }
    value = found.value;
  }
  return typeof value === 'string' ? visible(value) : JSON.stringify(value);
}

// `.NetworkInterface` and `.network_interface` are the same field in podman's two generations.
function fieldOf(value: unknown, name: string): { readonly value: unknown } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = Object.entries(value);
  const exact = entries.find(([key]) => key === name);
  const entry = exact ?? entries.find(([key]) => folded(key) === folded(name));
  return entry === undefined ? undefined : { value: entry[1] as unknown };
}

function folded(key: string): string {
  return key.toLowerCase().replaceAll('_', '');
}

const PLAIN = { head: [], border: [], 'padding-left': 0, 'padding-right': 2 };

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ''
};
