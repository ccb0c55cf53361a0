import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { expectUnchanged } from '../sandbox/host-state.ts';
import { useSandbox } from '../sandbox/sandbox.ts';

const host = useSandbox();

it('runs the example of the library as it is printed', async () => {
  const page = readFileSync('docs/usage.md', 'utf8');
  const [, code = ''] = /```ts\n(.*?)```/s.exec(page) ?? [];
  const library = pathToFileURL(join(process.cwd(), 'dist/bundle/index.js')).href;
  const folder = mkdtempSync(join(tmpdir(), 'mooring-usage-'));
  const script = join(folder, 'usage.mjs');
  writeFileSync(script, code.replace("'mooring'", `'${library}'`));

  try {
    const before = await host.snapshot();
    const { code: exit, stdout, stderr } = await host.run([process.execPath, script]);
    await host.mooring('network', 'rm', 'front');

    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toContain('/run/netns/mooring-web\n');
    expect(stdout).toContain('attachment.added\n');
    expect(stdout).toContain('port.inUse\n');
    expectUnchanged(before, await host.snapshot());
  } finally {
    rmSync(folder, { recursive: true });
  }
});
