import { expect } from 'vitest';
import { differences, expectUnchanged, type HostState } from '../sandbox/host-state.ts';
import type { Ran } from '../sandbox/process.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** A refusal as the user sees it. */
export interface Refusal {
  readonly code: number | null;
  /** The one line of stderr, behind `Error: `. */
  readonly reason: string;
}

export type Host = ReturnType<typeof hostOf>;

/** What the tests do with a sandbox, beyond running programs in it. */
export function hostOf(sandbox: Sandbox) {
  return {
    /** Runs `mooring`, which must succeed in silence; @returns its output. */
    async ok(...args: readonly string[]): Promise<string> {
      const { code, stdout, stderr } = await sandbox.mooring(...args);
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
      return stdout.trimEnd();
    },

    /** Runs `mooring`, which must refuse in one line and print nothing else. */
    async refused(...args: readonly string[]): Promise<Refusal> {
      const ran = await sandbox.mooring(...args);
      expect({ args, stdout: ran.stdout }).toEqual({ args, stdout: '' });
      return refusalOf(ran);
    },

    async json<Value>(...args: readonly string[]): Promise<Value> {
      return JSON.parse(await this.ok(...args, '--format', 'json')) as Value;
    },

    /** A script in the sandbox itself, which must succeed. */
    async sh(script: string): Promise<string> {
      const { code, stdout, stderr } = await sandbox.run(['sh', '-euc', script]);
      expect({ script, code, stderr }).toEqual({ script, code: 0, stderr: '' });
      return stdout.trimEnd();
    },

    /** The interfaces of a container by name, `lo` as well. */
    async links(id: string): Promise<Readonly<Record<string, Link>>> {
      const text = await this.sh(`nsenter --net=${netnsOf(id)} ip -j addr`);
      const links = JSON.parse(text) as IpLink[];
      return Object.fromEntries(links.map((link) => [link.ifname, linkOf(link)]));
    },

    /** Waits until the kernel has checked that every new IPv6 address is nobody else's. */
    async settled(): Promise<void> {
      const { code, stdout, stderr } = await sandbox.run(['ip', '-j', '-6', 'addr']);
      // A link that goes while it is listed, as with a netns that was taken away: another look.
      if (stderr.includes('No such device')) return this.settled();
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const links = JSON.parse(stdout) as Partial<IpLink>[];
      const waits = links.some(
        ({ flags = [], addr_info = [] }) =>
          flags.includes('LOWER_UP') && addr_info.some(({ tentative }) => tentative)
      );
      if (waits) await this.settled();
    },

    /** As the sandbox's, once the kernel has settled. */
    async snapshot(): Promise<HostState> {
      await this.settled();
      return sandbox.snapshot();
    },

    /** Fails unless the work leaves the host as it was. */
    async unchanged(work: () => Promise<void>): Promise<void> {
      const before = await this.snapshot();
      try {
        await work();
      } catch (error) {
        // The tests after it begin with nothing up.
        await sandbox.mooring('down', '--all');
        throw error;
      }
      expectUnchanged(before, await this.snapshot());
    }
  };
}

export interface Link {
  readonly mac: string;
  readonly flags: readonly string[];
  /** Of global scope: `10.90.0.2/16`. */
  readonly addresses: readonly string[];
}

/** `/run/netns/mooring-web` */
export function netnsOf(id: string): string {
  return `/run/netns/mooring-${id}`;
}

/** Fails unless stderr is one line that starts with `Error: `. */
export function refusalOf({ code, stderr }: Ran): Refusal {
  expect(stderr).toMatch(/^Error: [^\n]+\n$/);
  return { code, reason: stderr.slice('Error: '.length, -1) };
}

/** The differences that the kernel, other programs' files and processes show. */
export function leaks(before: HostState, after: HostState): string[] {
  return differences(before, after).filter((line) => !line.startsWith('mooring files'));
}

interface IpLink {
  readonly ifname: string;
  readonly address: string;
  readonly flags: readonly string[];
  readonly addr_info: readonly {
    readonly local: string;
    readonly prefixlen: number;
    readonly scope: string;
    readonly tentative?: boolean;
  }[];
}

function linkOf({ address, flags, addr_info }: IpLink): Link {
  const global = addr_info.filter(({ scope }) => scope === 'global');
  return {
    mac: address,
    flags,
    addresses: global.map(({ local, prefixlen }) => `${local}/${prefixlen}`)
  };
}
