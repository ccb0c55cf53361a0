import { MooringError } from '../../model/failure.ts';
import { decodeRecord, storedActorOf } from '../record.ts';
import { keyText, type Key, type StoredActor } from '../store.ts';

/** The last record of an actor, as far as the next one needs it. */
export interface Head {
  /** 0 where there is none. */
  readonly seq: number;
  readonly token: number;
  /** `''` where there is none. */
  readonly hash: string;
  /** As it is stored, `''` where there is none. */
  readonly line: string;
}

export const NO_HEAD: Head = { seq: 0, token: 0, hash: '', line: '' };

// Names hold no quotation marks, so these are the record's own fields and nobody's payload.
const BEGIN =
  /^\{"v":1,"seq":(\d+),"time":\d+,"host":"[^"]*","boot":"[^"]*","key":"[^"]*","token":(\d+),/;

/** @param line as it is stored, unchecked; one that is not ours has a `seq` of 0 and no hash */
export function headOf(line: string): Head {
  const [, seq, token] = BEGIN.exec(line) ?? [];
  if (seq === undefined) return { ...NO_HEAD, line };
  return { seq: Number(seq), token: Number(token), hash: line.slice(-34, -2), line };
}

/** @throws MooringError `store.corrupt` naming the actor and what is wrong */
export function actorOf(line: string, key: Key): StoredActor {
  try {
    return storedActorOf(key, decodeRecord(Buffer.from(line), key));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MooringError('store.corrupt', `Redis, last record of ${keyText(key)}: ${reason}`, {
      cause: error
    });
  }
}
