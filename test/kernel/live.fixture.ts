import type { Sandbox } from '../sandbox/sandbox.ts';
import { withoutVolatile } from '../sandbox/normalise.ts';
import { ask, serve, type Endpoint } from '../sandbox/traffic.ts';
import { netnsOf, type Host } from './host.fixture.ts';

/** What `inspect` prints of a container, as far as the tests ask. */
export interface Inspected {
  readonly State: { readonly Status: string };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, object>> };
}

/** What the tests of containers that are up do with a host. */
export function liveOf(sandbox: Sandbox, host: Host) {
  const answerOf = async (to: Endpoint & { readonly address: string }): Promise<string> => {
    const { stdout, stderr } = await ask(sandbox, to, 'hello');
    return stdout.trim() || stderr.trim();
  };

  return {
    answerOf,

    /** Answers to the one, while a server listens in the container at that port. */
    async answersOf(
      id: string,
      port: number,
      ways: readonly (Endpoint & { readonly address: string })[]
    ): Promise<string[]> {
      const at = { netns: netnsOf(id), protocol: 'tcp', address: '::', port } as const;
      const server = await serve(sandbox, at);
      const answers: string[] = [];
      for (const way of ways) answers.push(await answerOf(way));
      await server.kill('SIGKILL');
      await server.done;
      return answers;
    },

    /** Links, addresses, MACs and routes of a netns, without what changes by itself. */
    async within(netns: string): Promise<unknown> {
      const commands = ['-j addr', '-4 -j route', '-6 -j route'];
      const texts = await Promise.all(
        commands.map((command) => host.sh(`nsenter --net=${netns} ip ${command}`))
      );
      const lists = texts.map((text) => withoutVolatile(JSON.parse(text || '[]')) as object[]);
      return lists.map((list) => list.map((entry) => JSON.stringify(entry)).sort());
    },

    /** Lease files, so that a file that was written again differs. */
    leases: () =>
      host.sh(`find /var/lib/cni/networks -type f ! -name lock -printf '%p %i %T@\n' | sort`),

    async inspect(id: string): Promise<Inspected> {
      const [view] = await host.json<Inspected[]>('inspect', id);
      return view!;
    }
  };
}

export function tcp(
  port: number,
  address: string,
  netns?: string
): Endpoint & { readonly address: string } {
  return { protocol: 'tcp', port, address, ...(netns !== undefined && { netns }) };
}
