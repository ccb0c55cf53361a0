import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { pluginDouble } from '../effects/cni/double.ts';
import type { HostState } from '../sandbox/host-state.ts';
import type { Ran } from '../sandbox/process.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { hostOf, leaks, type Refusal } from './host.fixture.ts';

/** What a test does with the chain, besides what it does with any host. */
export type ChainHost = ReturnType<typeof useChain>;

/** What `inspect` says of how a container stands. */
export interface State {
  readonly Status: string;
  readonly Failure: { readonly Code: string; readonly Message: string } | null;
  readonly Leftovers: readonly { readonly Code: string; readonly Message: string }[];
}

/**
 * A network `front` whose chain is bridge, firewall, `guard` and portmap, for the tests of a file. What
 * `guard` does is a shell script; without one it hands on the result of the bridge.
 */
export function useChain(sandbox: Sandbox) {
  const host = hostOf(sandbox);
  const double = pluginDouble('guard');
  const dirs = ['--cni-plugin-dir', double.bin, '--cni-plugin-dir', '/usr/lib/cni'];
  const guard = join(double.bin, 'guard');
  const heal = () => {
    if (!existsSync(guard)) symlinkSync(SCRIPT, guard);
    double.on('guard', 'ADD', PASS_ON);
    double.on('guard', 'DEL', ':');
  };

  beforeAll(async () => {
    await host.sh(`mkdir -p /etc/cni/net.d; cat >${CONFLIST} <<'END'\n${CHAIN}\nEND`);
    heal();
  });
  afterEach(heal);
  afterAll(() => double.remove());

  return {
    ...host,
    double,
    dirs,
    /** Makes the plugin work again. */
    heal,
    /** Takes the binary away, until it is healed. */
    uninstall: () => rmSync(guard),
    mooring: (...args: readonly string[]): Promise<Ran> => sandbox.mooring(...dirs, ...args),
    ok: (...args: readonly string[]) => host.ok(...dirs, ...args),
    refused: (...args: readonly string[]): Promise<Refusal> => host.refused(...dirs, ...args),
    async state(id: string): Promise<State> {
      const [view] = await host.json<{ State: State }[]>('inspect', id);
      return view!.State;
    },
    /** Fails unless all that differs is what mooring remembers. */
    async expectNoLeak(before: HostState): Promise<void> {
      expect(leaks(before, await sandbox.snapshot())).toEqual([]);
    }
  };
}

export const CONFLIST = '/etc/cni/net.d/front.conflist';

const SCRIPT = new URL('../effects/cni/double.sh', import.meta.url).pathname;

/** What `guard` does when nothing is wrong: what mooring sends it ends with the previous result. */
export const PASS_ON = String.raw`sed -n 's/.*"prevResult":\(.*\)}$/\1/p' "$call/stdin"`;

const CHAIN = JSON.stringify({
  cniVersion: '1.0.0',
  name: 'front',
  plugins: [
    {
      type: 'bridge',
      bridge: 'front0',
      isGateway: true,
      ipMasq: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.30.0.0/24' }]] }
    },
    { type: 'firewall' },
    { type: 'guard' },
    { type: 'portmap', capabilities: { portMappings: true } }
  ]
});
