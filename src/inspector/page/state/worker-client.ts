import type { Counts, LibraryMethods, Method, Reply, Request } from '../worker/protocol.ts';
import type { Store } from './store.ts';

/** What the worker does, each answered later. */
export type Library = {
  readonly [Name in Method]: (
    ...args: Parameters<LibraryMethods[Name]>
  ) => Promise<Awaited<ReturnType<LibraryMethods[Name]>>>;
};

/** @param counts set whenever the worker tells that there is more */
export function libraryOf(worker: Worker, counts: Store<Counts>): Library {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let last = 0;
  worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
    if ('counts' in data) {
      counts.set(data.counts);
      return;
    }
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if ('error' in data) asked?.reject(new Error(data.error));
    else asked?.resolve(data.result);
  });
  return new Proxy({} as Library, {
    get:
      (_, method: Method) =>
      (...args: readonly unknown[]) =>
        new Promise((resolve, reject) => {
          last += 1;
          waiting.set(last, { resolve, reject });
          const request: Request = { id: last, method, args };
          worker.postMessage(request);
        })
  });
}

/**
 * Starts the worker: from its file where there is a server, from the text within the page where
 * it is one file.
 */
export function startWorker(): Worker {
  const text = document.getElementById('worker')?.textContent;
  if (text === undefined || text === null) return new Worker(scriptAddress('/worker.js'));
  const address = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  return new Worker(scriptAddress(address));
}

const policy = policyOf();

// The only addresses that may become scripts: our own file, and what the page itself holds.
function policyOf(): { createScriptURL(address: string): unknown } {
  const check = (address: string): string => {
    if (address === '/worker.js' || address.startsWith('blob:')) return address;
    throw new TypeError(`${address} is no script of this page`);
  };
  const { trustedTypes } = globalThis as { readonly trustedTypes?: Policies };
  return (
    trustedTypes?.createPolicy('mooring', { createScriptURL: check }) ?? { createScriptURL: check }
  );
}

interface Policies {
  createPolicy(
    name: string,
    rules: { createScriptURL(address: string): string }
  ): { createScriptURL(address: string): unknown };
}

function scriptAddress(address: string): string {
  // A browser takes the policy's own kind of text; its types know only plain ones.
  return policy.createScriptURL(address) as string;
}
