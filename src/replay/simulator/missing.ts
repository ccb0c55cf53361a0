import type { ContainerContext } from '../../machines/container-context.ts';
import { inodeOf } from './chain.ts';
import { isThere, wantedOf } from './drifts.ts';
import type { Kernel } from './kernel.ts';

/** What a container that is up should have and has not: `network back`, `port 8080`. */
export function missingFrom(kernel: Kernel, id: string, context: ContainerContext): string[] {
  const { spec, netns, attachments, ports, files } = context;
  const inode = inodeOf(kernel, { netns });
  const things = attachments.flatMap((attachment) => wantedOf(id, attachment, inode ?? -1));
  const sockets = ports.map(({ hostPort }) => String(hostPort));
  const networks = spec!.networks.filter(
    ({ network }) => !attachments.some((one) => one.network === network && one.result)
  );
  return [
    ...(inode === undefined ? ['its netns'] : []),
    ...networks.map(({ network }) => `network ${network}`),
    ...things
      .filter(({ thing }) => !isThere(kernel, thing))
      .map(({ thing }) => `${thing.kind} ${thing.name}`),
    ...sockets
      .filter((name) => kernel.get('socket', name)?.of !== id)
      .map((name) => `port ${name}`),
    // One that shares a netns has no files of its own.
    ...(files !== null && spec!.namespace === undefined && !kernel.get('file', id)
      ? ['its files']
      : [])
  ];
}
