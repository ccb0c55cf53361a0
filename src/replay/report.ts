import type { MooringEvent } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import { isJsonObject, type Json } from '../model/json.ts';
import type { Divergence, Located, RequestDifference } from './divergence.ts';
import type { Answer, Candidate } from './guards.ts';
import type { Replayed } from './replay.ts';
import type { Place } from './source.ts';

/** What came of a journal, for people: one line, and what diverged below it. */
export function reportLines(name: string, replayed: Replayed): readonly string[] {
  const { verdict, rule, events, divergence, actors, simulation } = replayed;
  const count = `${events} event${events === 1 ? '' : 's'}`;
  const others = actors.filter((actor) => actor.divergence !== undefined).length - 1;
  return [
    `${name}: ${verdict}: ${rule} (${count})`,
    ...(simulation !== undefined ? [row('simulated', simulationText(simulation))] : []),
    ...(divergence ? divergenceLines(divergence) : []),
    ...(others > 0 ? [row('besides', `${others} other actor${others === 1 ? '' : 's'}`)] : [])
  ];
}

export function divergenceLines(divergence: Divergence): readonly string[] {
  const { event, time, line, before, recorded, current, requests, memory, thrown } = divergence;
  return [
    row('event', `${eventText(event)}  ${new Date(time).toISOString()}, line ${line}`),
    row('before', stateText(before)),
    row('recorded', `${stateText(recorded.state)}  by ${recorded.machine}`),
    row('current', `${stateText(current.state)}  by ${current.machine}`),
    ...(thrown === undefined ? [] : [row('thrown', thrown)]),
    ...labelled('requests', requests.flatMap(requestLines)),
    ...labelled(
      'memory',
      memory.map(({ field, current: now }) => `${field} is ${jsonText(now)}`)
    ),
    ...labelled('guards', divergence.guards.map(guardText)),
    ...labelled('taken', divergence.taken.map(takenText))
  ];
}

// Whatever stands in the file.
function simulationText(simulation: Json): string {
  const { plan, violations, whatIf } = isJsonObject(simulation) ? simulation : {};
  const seed = isJsonObject(plan) ? plan['seed'] : undefined;
  const [first] = Array.isArray(violations) ? (violations as readonly Json[]) : [];
  const how = whatIf === undefined ? `seed ${jsonText(seed)}` : `what if ${jsonText(whatIf)}`;
  return `${how}, ${typeof first === 'string' ? first : 'every invariant held'}`;
}

/** `tearingDown.detaching.deleting`; parallel states stand in braces. */
export function stateText(value: Json): string {
  if (!isJsonObject(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  const regions = Object.entries(value).map(([name, inner]) =>
    isJsonObject(inner) && Object.keys(inner).length === 0 ? name : `${name}.${stateText(inner)}`
  );
  return regions.length === 1 ? regions[0]! : `{${regions.join(', ')}}`;
}

/** `attachment.addFailed back (cni.11)`: an event without its details. */
export function eventText(event: MooringEvent): string {
  const { type, ...details } = { ...event } as Readonly<Record<string, Json>> & { type: string };
  const words = ['network', 'holder', 'timer'].map((field) => details[field]);
  const named = words.filter((word) => typeof word === 'string');
  const { failure } = details as { failure?: { readonly code: string } };
  return [type, ...named, ...(failure ? [`(${failure.code})`] : [])].join(' ');
}

/** `cni.add front`, `timer.set backoff`: a request without its details. */
export function requestText(request: EffectRequest): string {
  const { type, ...details } = { ...request } as Readonly<Record<string, unknown>> & {
    type: string;
  };
  const attachment = details['attachment'] as { readonly network: string } | undefined;
  const word = attachment?.network ?? details['timer'] ?? details['network'];
  return typeof word === 'string' ? `${type} ${word}` : type;
}

function requestLines(difference: RequestDifference): readonly string[] {
  switch (difference.kind) {
    case 'missing':
      return [`missing  ${requestText(difference.recorded)}`];
    case 'extra':
      return [`extra    ${requestText(difference.current)}`];
    case 'moved':
      return [
        `moved    ${requestText(difference.recorded)}, was #${difference.from + 1}, is #${difference.at + 1}`
      ];
    case 'changed':
      return [
        `changed  ${requestText(difference.current)}`,
        ...difference.fields.map(
          ({ path, recorded, current }) =>
            `           ${path}: recorded ${jsonText(recorded)}, current ${jsonText(current)}`
        )
      ];
  }
}

function guardText(asked: Located<Answer>): string {
  const { guard, answer, params, read, source, event, place } = asked;
  const looked = Object.entries(read).map(([field, value]) => `${field} ${jsonText(value)}`);
  const inputs = [...(params === undefined ? [] : [`given ${jsonText(params)}`]), ...looked];
  const upon = event === '' ? 'at once' : `on ${event}`;
  const because = inputs.length === 0 ? '' : `, ${inputs.join(', ')}`;
  return `${guard}: ${answer ? 'yes' : 'no'}${because}  in ${source} ${upon}${placeText(place)}`;
}

function takenText({ source, event, index, place }: Located<Candidate>): string {
  const upon = event === '' ? 'at once' : `on ${event}`;
  return `${source} ${upon} #${index + 1}${placeText(place)}`;
}

function placeText(place: Place | undefined): string {
  return place === undefined ? '' : `  ${place.file}:${place.line}`;
}

/** JSON, cut where a reader would lose sight of it. */
function jsonText(value: Json | undefined): string {
  if (value === undefined) return 'absent';
  const text = JSON.stringify(value);
  return text.length <= 120 ? text : `${text.slice(0, 117)}...`;
}

function labelled(label: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => row(index === 0 ? label : '', line));
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(10)}${text}`;
}
