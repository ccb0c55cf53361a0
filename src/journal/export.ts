import type { Json, JsonObject } from '../model/json.ts';
import type { Outstanding, StoredRecord } from '../store/store.ts';
import { packedText, referenceOf } from './content.ts';
import { lineWriter, type LineWriter } from './file.ts';
import { contextIn, digests } from './memory.ts';
import { packed } from './parts.ts';
import { redaction, type Redaction, type Unsealed } from './redact.ts';

/**
 * Journals as the lines of one file, one after the other.
 *
 * A record is what the store has without the snapshot; in its place come digests of what the
 * machine remembers. What was exported before comes out as it went in.
 *
 * @param options.redact puts stand-ins in place of names, addresses, texts and times
 */
export async function* exportedLines(
  journals: Iterable<AsyncIterable<StoredRecord>>,
  { redact }: { readonly redact: boolean }
): AsyncGenerator<string> {
  const file = lineWriter();
  const redacted = redact ? redaction() : undefined;
  yield file.header();
  for (const journal of journals) {
    const write = recordWriter(file, redacted);
    for await (const record of journal) yield write(record);
  }
  yield file.trailer();
}

/** Writes the records of one key, which must come in their order. */
export function recordWriter(
  file: LineWriter,
  redacted?: Redaction
): (record: StoredRecord) => string {
  const parts = partsOf();
  const memories = digests(packedText);
  let before: JsonObject | undefined;
  let last: string | undefined;

  return (stored) => {
    const { hash: _hash, prev, snapshot, earlier, memory, redacted: already, ...bare } = stored;
    const { parts: _parts, ...record } = bare;
    const context = contextIn(snapshot);
    const isCutOff = last === undefined && stored.seq > 1 && snapshot !== undefined;
    const said = redacted ? redacted.record(record) : record;
    const base = isCutOff ? baseOf(snapshot, earlier ?? [], redacted) : {};
    const [begin, standing] = [parts.taken(said), parts.taken(base)];
    const { line, hash } = file.record({
      ...begin,
      prev: last ?? prev,
      ...(!redacted && memoryPart()),
      ...parts.fresh(),
      ...((redacted ?? already) && { redacted: true }),
      ...standing
    });
    last = hash;
    return line;

    // While something is asked, what is remembered shows in what is asked next.
    function memoryPart(): Pick<StoredRecord, 'memory'> {
      if (memory !== undefined) return { memory };
      if (context === undefined || record.requests.length + (earlier?.length ?? 0) > 0) return {};
      const known = before;
      before = context;
      return { memory: memories.of(known, context) };
    }
  };
}

/** What the records tell that are no longer there. */
function baseOf(
  snapshot: Json,
  earlier: readonly Outstanding[],
  redacted: Redaction | undefined
): Pick<StoredRecord, 'snapshot' | 'earlier'> {
  if (redacted === undefined) return { snapshot, earlier };
  return { snapshot: redacted.snapshot(snapshot), earlier: redacted.requests(earlier) };
}

/** Takes parts out of what is written, and has those that were not written before. */
function partsOf() {
  const written = new Set<string>();
  let fresh: Record<string, Json> = {};

  return {
    taken<Value extends Unsealed | Pick<StoredRecord, 'snapshot' | 'earlier'>>(
      value: Value
    ): Value {
      const { value: rest, parts } = packed(value as unknown as Json, referenceOf);
      for (const [reference, part] of parts) {
        if (written.has(reference)) continue;
        written.add(reference);
        fresh[reference] = part;
      }
      return rest as unknown as Value;
    },

    fresh(): Pick<StoredRecord, 'parts'> {
      const found = fresh;
      fresh = {};
      return Object.keys(found).length === 0 ? {} : { parts: found };
    }
  };
}
