import { MooringError } from './failure.ts';
import type { NetworkFilter, NetworkView } from './network-view.ts';

const MATCHERS: Readonly<Record<string, (view: NetworkView, value: string) => boolean>> = {
  name: ({ name }, value) => pattern(value).test(name),
  plugin: ({ plugins }, value) =>
    plugins.some(({ type }) => typeof type === 'string' && type.includes(value)),
  label: ({ labels }, value) => hasLabel(labels, value),
  driver: ({ driver }, value) => driver === value,
  id: ({ id }, value) => id.includes(value)
};

/**
 * A `--filter` value, `name=front`; keys are name (regular expression), plugin (part of a name),
 * label (`KEY` or `KEY=VALUE`), driver and id (part of it).
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
 * `label`; different keys must all hold.
 *
 * @returns a test, after every filter has been checked
 * @throws MooringError `network.badFilter`
 */
export function networkTest(filters: readonly NetworkFilter[]): (view: NetworkView) => boolean {
  for (const { key, value } of filters) {
    if (!Object.hasOwn(MATCHERS, key)) throw badFilter(`invalid filter ${JSON.stringify(key)}`);
    if (key === 'name') pattern(value);
  }
  const keys = [...new Set(filters.map(({ key }) => key))];
  return (view) =>
    keys.every((key) => {
      const values = filters.filter((filter) => filter.key === key).map(({ value }) => value);
      const matches = (value: string) => MATCHERS[key]!(view, value);
      return key === 'label' ? values.every(matches) : values.some(matches);
    });
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
