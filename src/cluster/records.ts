import { Observable } from 'rxjs/internal/Observable';
import type { JournalRecord } from '../store/store.ts';

/** Records that are followed for each subscriber, until it leaves. */
export function recordsOf(
  follow: (signal: AbortSignal) => AsyncIterable<JournalRecord>
): Observable<JournalRecord> {
  return new Observable((subscriber) => {
    const leaving = new AbortController();
    const pass = async () => {
      for await (const record of follow(leaving.signal)) subscriber.next(record);
    };
    pass().then(
      () => subscriber.complete(),
      (error: unknown) => {
        if (leaving.signal.aborted) subscriber.complete();
        else subscriber.error(error);
      }
    );
    return () => leaving.abort();
  });
}
