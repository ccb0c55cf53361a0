// Runs beside the page, so that neither reading nor searching keeps it from being drawn.
import { library } from './library.ts';
import type { LibraryMethods, Reply, Request } from './protocol.ts';

const methods: LibraryMethods = library((counts) => reply({ counts }));

self.addEventListener('message', ({ data }: MessageEvent<Request>) => {
  void answer(data);
});

async function answer({ id, method, args }: Request): Promise<void> {
  try {
    const call = methods[method] as (...args: readonly unknown[]) => unknown;
    reply({ id, result: await call(...args) });
  } catch (error) {
    reply({ id, error: error instanceof Error ? error.message : String(error) });
  }
}

function reply(message: Reply): void {
  (self as unknown as { postMessage(message: Reply): void }).postMessage(message);
}
