import { memoryBacking, memoryStore } from '../../src/store/memory.ts';
import { conforms } from './conformance.ts';

conforms('memory', async () => {
  const backing = memoryBacking();
  return {
    open: async () => memoryStore({ backing }),
    breakLease: (key) => backing.breakLease(key),
    dispose: async () => {}
  };
});
