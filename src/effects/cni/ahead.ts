import type { PluginConf } from '../../model/conflist.ts';
import type { StartWaiting, Waiting } from '../process/waiting.ts';
import { programOf, type PluginCall } from './plugin-exec.ts';
import { findPlugin } from './plugins.ts';
import { readsFirst } from './reads-first.ts';

/** Starts plugins of a chain before it is their turn. */
export interface Ahead {
  /** Starts the first one; resolves when it comes up, or when it is left for its turn. */
  start(program: PluginProgram): Promise<void>;
  /**
   * The call of `order[index]`, with what has been started for it.
   *
   * @param meanwhile called as soon as it works, before the next one is started; must not throw
   */
  at(index: number, call: PluginCall, meanwhile?: () => void): PluginCall;
  /** Ends those that were started and had no turn; none is started any more. */
  close(): Promise<void>;
}

/** What all plugins of a chain are started with. */
export type PluginProgram = Pick<PluginCall, 'env' | 'operation'>;

/** The plugin that was started last. */
interface Ready {
  /** Of its turn. */
  readonly index: number;
  readonly file: string;
  readonly process: Waiting;
}

/**
 * While a plugin works, the next one of its chain comes up and waits for its input, which it gets
 * when it is its turn. Only such plugins are started so that do nothing before they have read it.
 *
 * @param order the plugins of a chain as they are run
 */
export function ahead(
  order: readonly PluginConf[],
  pluginDirs: readonly string[],
  startWaiting: StartWaiting
): Ahead {
  let turn = 0;
  let ready: Ready | undefined;
  const passedOver: Waiting[] = [];
  return {
    start: (program) => start(0, program),
    at(index, call, meanwhile) {
      const own = ready;
      ready = undefined;
      turn = index;
      const isIt = own?.index === index && own.file === call.file;
      // It may have been replaced meanwhile, or its turn been left out.
      if (own && !isIt) passedOver.push(own.process);
      const onGiven = (): void => {
        // A plugin may take its input only when it is being stopped, and the chain has gone on.
        if (turn !== index) return;
        meanwhile?.();
        void start(index + 1, call);
      };
      return { ...call, waiting: isIt ? own.process : undefined, onGiven };
    },
    async close() {
      turn = order.length;
      if (ready !== undefined) passedOver.push(ready.process);
      await Promise.all(passedOver.map((process) => process.discard()));
    }
  };

  async function start(index: number, program: PluginProgram): Promise<void> {
    const plugin = order[index];
    const file = plugin && fileOf(plugin);
    if (file === undefined) return;
    const process = startWaiting(programOf({ ...program, file }));
    ready = { index, file, process };
    await process.started;
  }

  function fileOf({ type }: PluginConf): string | undefined {
    try {
      const { file, stat } = findPlugin(type, pluginDirs);
      return readsFirst(file, stat) ? file : undefined;
    } catch {
      // It is told when it is its turn.
      return undefined;
    }
  }
}
