import { MooringError } from './failure.ts';
import type { NetworkFilter, NetworkView } from './network-view.ts';
import { parseUntil, type Clock } from './until.ts';

type Matcher = (view: NetworkView, value: string, clock: Clock) => boolean;

const MATCHERS: Readonly<Record<string, Matcher>> = {
  name: ({ name }, value) => pattern(value).test(name),
  plugin: ({ plugins }, value) =>
    plugins.some(({ type }) => typeof type === 'string' && type.includes(value)),
  label: ({ labels }, value) => hasLabel(labels, value),
  'label!': ({ labels }, value) => !hasLabel(labels, value),
  driver: ({ driver }, value) => driver === value,
  id: ({ id }, value) => id.includes(value),
  until: ({ created }, value, clock) => clock.parseTime(created) < parseUntil(value, clock)
};

/** Keys of which every value must hold. */
const ALL = new Set(['label', 'label!', 'until']);

/** What `network prune` knows; `network ls` knows all. */
export const PRUNE_FILTERS: readonly string[] = ['label', 'label!', 'until'];

/**
 * A `--filter` value, `name=front`; keys are name (regular expression), plugin (part of a name),
 * label (`KEY` or `KEY=VALUE`), `label!` (networks without it), driver, id (part of it) and until
 * (made before).
 *
 * @throws MooringError `network.badFilter`
 */
export function parseNetworkFilter(word: string): NetworkFilter {
  const equals = word.indexOf('=');
  const key = equals === -1 ? word : word.slice(0, equals);
  if (!Object.hasOwn(MATCHERS, key)) throw badFilter(`invalid filter ${JSON.stringify(key)}`);
  if (equals === -1) throw badFilter(`filter ${JSON.stringify(word)} must be KEY=VALUE`);
  return { key, value: word.slice(equals + 1) };
}

/**
 * Whether a network passes: values of one key are alternatives, except those of
 * `label`, `label!` and `until`; different keys must all hold.
 *
 * @param options.keys those that are known; default all
 * @returns a test, after every filter has been checked
 * @throws MooringError `network.badFilter`
 */
export function networkTest(
  filters: readonly NetworkFilter[],
  { keys: known = Object.keys(MATCHERS), ...clock }: FilterOptions
): (view: NetworkView) => boolean {
  for (const { key, value } of filters) {
    if (!known.includes(key)) throw badFilter(`invalid filter ${JSON.stringify(key)}`);
    if (key === 'name') pattern(value);
    if (key === 'until') parseUntil(value, clock);
  }
  const keys = [...new Set(filters.map(({ key }) => key))];
  return (view) =>
    keys.every((key) => {
      const values = filters.filter((filter) => filter.key === key).map(({ value }) => value);
      const matches = (value: string) => MATCHERS[key]!(view, value, clock);
      return ALL.has(key) ? values.every(matches) : values.some(matches);
    });
}

interface FilterOptions extends Clock {
  readonly keys?: readonly string[];
}

function hasLabel(labels: NetworkView['labels'], wanted: string): boolean {
  const equals = wanted.indexOf('=');
  if (equals === -1) return Object.hasOwn(labels, wanted);
  const key = wanted.slice(0, equals);
  return Object.hasOwn(labels, key) && labels[key] === wanted.slice(equals + 1);
}

function pattern(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch (cause) {
    throw new MooringError('network.badFilter', `filter name=${source}: not a regular expression`, {
      cause
    });
  }
}

function badFilter(message: string): MooringError {
  return new MooringError('network.badFilter', message);
}
