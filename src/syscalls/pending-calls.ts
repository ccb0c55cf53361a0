import { StepError } from './step.ts';

/** What a thread answers a call; an answer without a failure is one of success. */
export interface ThreadReply {
  readonly id: number;
  readonly failure?: { readonly code: string; readonly message: string };
}

type Answer<Reply extends ThreadReply> = Omit<Reply, 'id' | 'failure'>;

interface Settle<Reply extends ThreadReply> {
  readonly resolve: (answer: Answer<Reply>) => void;
  readonly reject: (error: StepError) => void;
}

/** Calls to a thread that wait for its reply. */
export function pendingCalls<Reply extends ThreadReply>() {
  const pending = new Map<number, Settle<Reply>>();
  let lastId = 0;

  return {
    /** Rejects with a {@link StepError}. */
    begin(start: (id: number) => void, id: number = ++lastId): Promise<Answer<Reply>> {
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject });
        start(id);
      });
    },
    settle({ id, failure, ...answer }: Reply): void {
      const call = pending.get(id);
      pending.delete(id);
      if (failure === undefined) call?.resolve(answer);
      else call?.reject(new StepError(failure.code, failure.message));
    },
    rejectAll(error: StepError): void {
      for (const { reject } of pending.values()) reject(error);
      pending.clear();
    },
    isEmpty: () => pending.size === 0
  };
}

/** What a thread ended with, as text. */
export function reasonText(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
