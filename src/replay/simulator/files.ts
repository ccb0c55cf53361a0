import type { Effects } from '../../effects/effects.ts';
import type { ContainerFiles } from '../../model/container.ts';
import { does } from './does.ts';
import type { Kernel } from './kernel.ts';
import type { Site } from './world.ts';

/** The files of a container; one that shares another's netns is given that one's. */
export function filesEffects(site: Site): Pick<Effects, 'files.write'> {
  return {
    async 'files.write'({ container, spec, attachments }, { operation }) {
      const { namespace } = spec;
      const shares = namespace?.kind === 'container' ? namespace.container : undefined;
      await does(site, 'files.write', `container/${container}`, [
        () => {
          if (shares === undefined) writeFiles(site, container, attachments.length > 0, operation);
        }
      ]);
      const files = filesOf(site.host.kernel, shares ?? container);
      return { type: 'files.written', container, files };
    }
  };
}

/** In a netns with the loopback alone nobody can be asked: it gets no resolv.conf, or keeps it. */
function writeFiles(site: Site, container: string, asks: boolean, operation: string): void {
  const { kernel } = site.host;
  const standing = kernel.get('file', container)?.value;
  const value = asks ? ASKS : (standing ?? '');
  if (value === standing) return;
  kernel.remove('file', container, operation);
  kernel.add({ kind: 'file', name: container, of: container, netns: 0, value }, operation);
}

function filesOf(kernel: Kernel, container: string): ContainerFiles {
  const standing = kernel.get('file', container);
  const path = `/var/lib/mooring/files/${container}`;
  return {
    resolvConf: standing?.value === ASKS ? `${path}/resolv.conf` : null,
    hosts: standing ? `${path}/hosts` : null
  };
}

/** What tells the files of a container that has a resolv.conf. */
const ASKS = 'resolv.conf';
