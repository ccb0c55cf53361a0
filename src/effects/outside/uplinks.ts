import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { UplinkProcess } from '../../model/uplink.ts';
import { failureOf, MooringError, type Failure } from '../../model/failure.ts';
import type { EffectContext, Effects } from '../effects.ts';
import type { RequestOf } from '../../bus/requests.ts';
import type { StartPasta } from '../pasta/pasta.ts';
import { endProcess } from '../process/end.ts';
import type { SlirpApi, StartSlirp } from '../slirp/slirp.ts';
import type { Uplink } from '../uplink.ts';
import { settleForwards } from './forwards.ts';

type UplinkEffects = Pick<Effects, 'uplink.start' | 'uplink.settle' | 'uplink.stop'>;

export interface UplinkDeps {
  readonly startSlirp: StartSlirp;
  readonly startPasta: StartPasta;
  /** A client of the API socket at a path. */
  readonly apiAt: (path: string) => SlirpApi;
  /** A directory that is ours alone; made if need be. */
  readonly runDir: () => string;
  /** Carried by every program, besides its request's id. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Milliseconds, from any beginning. */
  readonly now: () => number;
  /** One has ended that was not told to. */
  readonly onLost: (lost: LostUplink) => void;
}

export interface LostUplink {
  readonly uplink: string;
  readonly process: UplinkProcess;
  readonly failure: Failure;
  readonly ranMs: number;
}

interface Running {
  readonly uplink: Uplink;
  /** Absent for pasta, whose ports are fixed as long as it runs. */
  readonly api?: SlirpApi;
  readonly forwards: string;
}

/** Programs that are children of this process, and end with it. */
export interface Uplinks {
  readonly effects: UplinkEffects;
  /** Ends them all. */
  close(): Promise<void>;
}

/**
 * Starts, looks after and ends slirp4netns and pasta.
 *
 * Failures: those of `StartSlirp`, `StartPasta` and `SlirpApi`, and `process.stuck`.
 */
export function uplinks(deps: UplinkDeps): Uplinks {
  const running = new Map<string, Running>();

  return {
    effects: {
      async 'uplink.start'(request, context) {
        const { uplink } = request;
        try {
          await running.get(uplink)?.uplink.stop();
          const started = await start(request, context);
          return { type: 'uplink.started', uplink, process: started.uplink.process };
        } catch (error) {
          const failure = failureOf(error, 'uplink', `start ${request.plan.spec.kind}`);
          return { type: 'uplink.startFailed', uplink, failure };
        }
      },

      async 'uplink.settle'({ uplink, process, forwards }) {
        const one = running.get(uplink);
        const isIt =
          one?.uplink.process.pid === process.pid &&
          one.uplink.process.startTime === process.startTime;
        if (!isIt) return unwell(uplink, gone(process));
        if (one.api === undefined) {
          if (one.forwards === JSON.stringify(forwards)) return { type: 'uplink.settled', uplink };
          return unwell(uplink, {
            code: 'uplink.changed',
            message: 'it has other ports to forward'
          });
        }
        try {
          await settleForwards(one.api, forwards);
          return { type: 'uplink.settled', uplink };
        } catch (error) {
          const failure = failureOf(error, 'slirp');
          if (SILENT.has(failure.code)) return unwell(uplink, failure);
          return { type: 'uplink.settleFailed', uplink, failure };
        }
      },

      async 'uplink.stop'({ uplink, process }, { signal }) {
        try {
          await running.get(uplink)?.uplink.stop();
          // One that is not our child was another's, who has died.
          if (process !== null) await endProcess(process, signal);
          return { type: 'uplink.stopped', uplink };
        } catch (error) {
          return { type: 'uplink.stopFailed', uplink, failure: failureOf(error, 'uplink') };
        }
      }
    },

    async close() {
      await Promise.allSettled([...running.values()].map(({ uplink }) => uplink.stop()));
    }
  };

  async function start(
    { uplink: id, plan, forwards }: RequestOf<'uplink.start'>,
    { operation, signal }: EffectContext
  ): Promise<Running> {
    const { spec, netns } = plan;
    const env = { ...deps.env, MOORING_OPERATION: operation };
    const runDir = deps.runDir();
    const common = { netns, env, timeoutMs: deps.timeoutMs, signal };
    if (spec.kind === 'pasta') {
      const { options } = spec;
      const started = await deps.startPasta({ ...common, options, ports: forwards, runDir });
      return keep(id, { uplink: started, forwards: JSON.stringify(forwards) });
    }
    const apiSocket = join(runDir, `${nameOf(id)}.sock`);
    const started = await deps.startSlirp({ ...common, options: spec.options, apiSocket });
    const api = deps.apiAt(apiSocket);
    try {
      await settleForwards(api, forwards);
    } catch (error) {
      await started.stop();
      throw error;
    }
    return keep(id, { uplink: started, api, forwards: '' });
  }

  function keep(id: string, one: Running): Running {
    const began = deps.now();
    running.set(id, one);
    void one.uplink.ended.then(({ wanted, failure }) => {
      if (running.get(id) === one) running.delete(id);
      if (wanted) return;
      const { process } = one.uplink;
      deps.onLost({ uplink: id, process, failure, ranMs: deps.now() - began });
    });
    return one;
  }
}

/** It does not answer: whatever it may still do, it can't be told anything. */
const SILENT: ReadonlySet<string> = new Set(['slirp.apiTimedOut', 'slirp.apiFailed']);

function unwell(uplink: string, failure: Failure) {
  return { type: 'uplink.unwell', uplink, failure } as const;
}

function gone({ pid }: UplinkProcess): Failure {
  return new MooringError('uplink.lost', `process ${pid} is gone`).failure;
}

// A socket's path is short; a container's id may be long.
function nameOf(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 16);
}
