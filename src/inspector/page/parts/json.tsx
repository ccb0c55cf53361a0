import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { isJsonObject, type Json } from '../../../model/json.ts';

const OPEN_DEPTH = 2;
const TEXT_MAX = 400;
const ITEMS_MAX = 100;

/** A value, its inner parts to be opened. */
export function JsonTree({
  value,
  depth = 0
}: {
  readonly value: Json;
  readonly depth?: number;
}): JSX.Element {
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map((item, index) => [String(index), item] as const);
    return <Inner items={items} marks="[]" depth={depth} />;
  }
  if (isJsonObject(value)) return <Inner items={Object.entries(value)} marks="{}" depth={depth} />;
  // An array has been seen to.
  return <Plain value={value as null | boolean | number | string} />;
}

interface InnerProps {
  readonly items: readonly (readonly [string, Json])[];
  readonly marks: '[]' | '{}';
  readonly depth: number;
}

function Inner({ items, marks, depth }: InnerProps): JSX.Element {
  const [most, setMost] = useState(ITEMS_MAX);
  if (items.length === 0) return <span class="json-mark">{marks}</span>;
  return (
    <ul class="json">
      {items.slice(0, most).map(([name, value]) => (
        <li key={name}>
          <Field name={name} value={value} depth={depth} />
        </li>
      ))}
      {items.length > most && (
        <li>
          <button class="plain" onClick={() => setMost(most * 10)}>
            {items.length - most} more
          </button>
        </li>
      )}
    </ul>
  );
}

function Field({
  name,
  value,
  depth
}: {
  readonly name: string;
  readonly value: Json;
  readonly depth: number;
}): JSX.Element {
  const [isOpen, setOpen] = useState(depth < OPEN_DEPTH);
  const size = Array.isArray(value)
    ? value.length
    : isJsonObject(value)
      ? Object.keys(value).length
      : 0;
  if (size === 0) {
    return (
      <>
        <span class="json-name">{name}</span> <JsonTree value={value} depth={depth + 1} />
      </>
    );
  }
  // What is closed is not there at all: a context may hold thousands of values.
  return (
    <details open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <span class="json-name">{name}</span>{' '}
        <span class="json-mark">{Array.isArray(value) ? `[${size}]` : `{${size}}`}</span>
      </summary>
      {isOpen && <JsonTree value={value} depth={depth + 1} />}
    </details>
  );
}

function Plain({ value }: { readonly value: null | boolean | number | string }): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  if (typeof value !== 'string') return <span class="json-value">{String(value)}</span>;
  const isLong = value.length > TEXT_MAX && !isWhole;
  return (
    <span class="json-text">
      {isLong ? `${value.slice(0, TEXT_MAX)}…` : value === '' ? '""' : value}
      {isLong && (
        <button class="plain" onClick={() => setWhole(true)}>
          all {value.length} characters
        </button>
      )}
    </span>
  );
}

/** A value in a cell of a table. */
export function jsonText(value: Json | undefined, most = 120): string {
  if (value === undefined) return '—';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
