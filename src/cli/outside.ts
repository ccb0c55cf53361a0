import { isAbsolute, resolve } from 'node:path';
import type { MooringOptions } from '../index.ts';
import { userConfDir, userRoot } from '../private-host/directories.ts';
import { runInside } from '../private-host/launch.ts';
import { livingKeepers } from '../supervisor/lock.ts';
import type { Outside } from './deps.ts';
import { CliError } from './errors.ts';

/** @param argv of this process, `[node, mooring.js, …]` */
export function outsideOf(argv: readonly string[]): Outside {
  const { env } = process;
  const rootOf = ({ root }: MooringOptions) => directory('root', root ?? userRoot(env));
  return {
    exists: (options) => livingKeepers(rootOf(options)) !== undefined,
    run: (command, options, onStart) =>
      runInside(command ?? [process.execPath, ...argv.slice(1)], {
        root: rootOf(options),
        store: options.store ?? 'embedded',
        hostName: options.hostName,
        confDir: directory('confDir', options.confDir ?? userConfDir(env)),
        allowVulnerableSlirp: options.allowVulnerableSlirp ?? false,
        env,
        onStart
      })
  };
}

// As the library says it, before anything is made for it.
function directory(option: string, path: string): string {
  if (isAbsolute(path)) return resolve(path);
  throw new CliError(
    'mooring.badOption',
    `${option} ${JSON.stringify(path)} must be an absolute path`
  );
}
