import { assign, emit } from 'xstate';
import { MACHINES, type Machines } from '../../src/actors/machines.ts';
import type { Kind } from '../../src/store/store.ts';
import { machinesWith, stateIn, type Config } from './changed.ts';

/** A chart with one mistake in it. */
export interface Mutant {
  readonly operator: Operator;
  /** `container tearingDown.releasing resources.released #1` */
  readonly where: string;
  readonly machines: Machines;
}

export type Operator =
  'target' | 'guard' | 'action' | 'order' | 'missing handler' | 'argument' | 'delay';

type Entry = Record<string, unknown>;
type Words = { readonly guards?: object; readonly actions?: object };

/** Every mistake of these kinds that can be made in the charts, one at a time. */
export function mutants(): readonly Mutant[] {
  const kinds = Object.keys(MACHINES) as Kind[];
  return kinds.flatMap((kind) => [...inChart(kind), ...inWords(kind)]);
}

function inChart(kind: Kind): readonly Mutant[] {
  const config = MACHINES[kind].machine.config as unknown as Config;
  return pathsIn(config).flatMap((path) => {
    const state = path === '' ? config : stateIn(config, path);
    return [
      ...handlersOf(state).flatMap((event) => inHandler(kind, path, event, state)),
      ...inEntry(kind, path, listOf(state.entry).length)
    ];
  });
}

function inHandler(kind: Kind, path: string, event: string, state: Config): readonly Mutant[] {
  const candidates = candidatesOf(state, event);
  const where = `${kind} ${path} ${event || 'at once'}`;
  const edit = (operator: Operator, detail: string, change: (all: Entry[]) => Entry[]): Mutant =>
    mutant(kind, operator, `${where}${detail}`, (config) => {
      const at = path === '' ? config : stateIn(config, path);
      put(at, event, change(candidatesOf(at, event)));
    });
  const each = candidates.flatMap((candidate, index) => {
    const at = (change: (one: Entry) => Entry) => (all: Entry[]) =>
      all.map((one, place) => (place === index ? change(one) : one));
    const actions = listOf(candidate['actions']);
    const { target, guard } = candidate;
    return [
      ...(target === undefined || event === ''
        ? []
        : othersOf(kind, target as string).map((other) =>
            edit(
              'target',
              ` #${index} to ${other}`,
              at((one) => ({ ...one, target: other }))
            )
          )),
      ...(guard === undefined
        ? []
        : [
            edit(
              'guard',
              ` #${index} unasked`,
              at(({ guard: _guard, ...one }) => one)
            )
          ]),
      ...actions.map((_, place) =>
        edit(
          'action',
          ` #${index} without ${place}`,
          at((one) => without(one, place))
        )
      )
    ];
  });
  return [
    ...(event === '' ? [] : [edit('missing handler', '', () => [])]),
    ...(candidates.length > 1 ? [edit('order', '', ([a, b, ...rest]) => [b!, a!, ...rest])] : []),
    ...each
  ];
}

function inEntry(kind: Kind, path: string, count: number): readonly Mutant[] {
  return Array.from({ length: count }, (_, place) =>
    mutant(kind, 'action', `${kind} ${path} entry without ${place}`, (config) => {
      const state = stateIn(config, path);
      state.entry = listOf(state.entry).filter((_action, index) => index !== place);
    })
  );
}

/** What is asked with another argument or another delay, remembered less, or answered otherwise. */
function inWords(kind: Kind): readonly Mutant[] {
  const { actions, guards } = MACHINES[kind].machine.implementations;
  const word = (operator: Operator, name: string, words: Words): Mutant => ({
    operator,
    where: `${kind} ${name}`,
    machines: machinesWith(kind, bounded, words)
  });
  const acting = Object.entries(actions).flatMap(([name, action]) => {
    const { type, event, assignment } = action as unknown as Word;
    if (type === 'xstate.assign') {
      return [
        word('argument', name, { actions: { [name]: assign(forgetful(assignment) as never) } })
      ];
    }
    const asked = (field: string | undefined) =>
      emit((args: unknown, params: unknown) => altered(event(args, params), field) as never);
    const operator = name === 'setBackoff' ? 'delay' : 'argument';
    return [word(operator, name, { actions: { [name]: asked(undefined) } })];
  });
  const asking = Object.entries(guards).map(([name, guard]) => {
    const ask = guard as unknown as (args: unknown, params: unknown) => boolean;
    const answer = (args: unknown, params: unknown) => !ask(args, params);
    return word('guard', `${name} negated`, { guards: { [name]: answer } });
  });
  return [...acting, ...asking];
}

interface Word {
  readonly type: string;
  readonly event: (args: unknown, params: unknown) => Entry;
  readonly assignment: unknown;
}

/** A request with a number or a text of it changed; the delay, where it has one. */
function altered(request: Entry, field: string | undefined): Entry {
  const names = Object.keys(request).filter((name) => name !== 'type');
  const name = field ?? names.find((one) => one === 'delayMs') ?? names.at(-1)!;
  const value = request[name];
  const other =
    typeof value === 'number'
      ? value + 1
      : typeof value === 'boolean'
        ? !value
        : Array.isArray(value)
          ? value.slice(1)
          : null;
  return { ...request, [name]: other };
}

/** Remembers all that it should but the first. */
function forgetful(assignment: unknown): unknown {
  if (typeof assignment !== 'function')
    return Object.fromEntries(Object.entries(assignment as Entry).slice(1));
  const remember = assignment as (args: unknown, params: unknown) => Entry;
  return (args: unknown, params: unknown) =>
    Object.fromEntries(Object.entries(remember(args, params)).slice(1));
}

function mutant(
  kind: Kind,
  operator: Operator,
  where: string,
  change: (config: Config) => void
): Mutant {
  const machines = machinesWith(kind, (config) => {
    bounded(config);
    change(config);
  });
  return { operator, where, machines };
}

// A chart that goes round in a circle must not hang who follows it.
function bounded(config: Config): void {
  config['options'] = { maxIterations: 200 };
}

/** Two other states that an event could have led to. */
function othersOf(kind: Kind, target: string): readonly string[] {
  const names = Object.keys((MACHINES[kind].machine.config as unknown as Config).states);
  return names
    .map((name) => `#${kind}.${name}`)
    .filter((id) => !id.endsWith(`.${target.split('.').at(-1)!}`))
    .slice(-2);
}

function pathsIn(config: Config, prefix = ''): readonly string[] {
  const inner = Object.entries((config.states as Config['states'] | undefined) ?? {});
  return [
    prefix,
    ...inner.flatMap(([name, state]) => pathsIn(state, prefix === '' ? name : `${prefix}.${name}`))
  ];
}

function handlersOf({ on, always }: Config): readonly string[] {
  return [...Object.keys(on ?? {}), ...(always === undefined ? [] : [''])];
}

function candidatesOf({ on, always }: Config, event: string): Entry[] {
  return listOf(event === '' ? always : on![event]).map((one) =>
    typeof one === 'string' ? { target: one } : (one as Entry)
  );
}

function put(state: Config, event: string, candidates: Entry[]): void {
  if (event === '') state.always = candidates;
  else if (candidates.length > 0) state.on![event] = candidates;
  else state.on = Object.fromEntries(Object.entries(state.on!).filter(([name]) => name !== event));
}

function without(candidate: Entry, place: number): Entry {
  const actions = listOf(candidate['actions']).filter((_, index) => index !== place);
  return { ...candidate, actions };
}

function listOf(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as unknown[]) : [value];
}
