import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedStore } from '../../../src/store/embedded/embedded.ts';
import { layoutOf } from '../../../src/store/embedded/layout.ts';
import { conforms } from '../conformance.ts';

conforms('embedded', async () => {
  const root = mkdtempSync(join(tmpdir(), 'mooring-store-'));
  return {
    open: () => embeddedStore({ root }),
    breakLease: (key) => rmSync(layoutOf(root).lockOf(key)),
    dispose: async () => rmSync(root, { recursive: true })
  };
});
