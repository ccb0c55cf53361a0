import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../../../src/model/json.ts';

export interface DoubleCall {
  readonly plugin: string;
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: JsonObject | undefined;
}

export type PluginDouble = ReturnType<typeof pluginDouble>;

/** A temporary directory with plugins that record their calls, see `double.sh`. */
export function pluginDouble(...types: readonly string[]) {
  const root = mkdtempSync(join(tmpdir(), 'mooring-cni-'));
  const home = join(root, 'double');
  const bin = join(root, 'bin');
  for (const dir of [bin, join(home, 'calls'), join(home, 'behave')]) {
    mkdirSync(dir, { recursive: true });
  }
  const script = fileURLToPath(new URL('double.sh', import.meta.url));
  for (const type of types) symlinkSync(script, join(bin, type));
  return {
    root,
    bin,
    cacheDir: join(root, 'cache'),
    /** @param behaviour shell commands, run in place of the usual answer */
    on(type: string, command: string, behaviour: string): void {
      writeFileSync(join(home, 'behave', `${type}.${command}`), behaviour);
    },
    /** In the order they were begun. */
    calls: (): DoubleCall[] => linesOf(join(home, 'order')).map(callOf),
    /** `['bridge ADD', 'portmap ADD']` */
    order: (): string[] =>
      linesOf(join(home, 'order')).map((line) => line.split(' ').slice(0, 2).join(' ')),
    remove: (): void => rmSync(root, { recursive: true, force: true })
  };
}

function callOf(line: string): DoubleCall {
  const [plugin = '', command = '', dir = ''] = line.split(' ');
  const env = readFileSync(join(dir, 'env'), 'utf8').split('\0').filter(Boolean);
  const stdin = join(dir, 'stdin');
  return {
    plugin,
    command,
    env: Object.fromEntries(env.map((entry) => entry.split(/=(.*)/s) as [string, string])),
    stdin: existsSync(stdin) ? (JSON.parse(readFileSync(stdin, 'utf8')) as JsonObject) : undefined
  };
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}
