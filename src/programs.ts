import { join } from 'node:path';
import type { Logger } from 'pino';
import { cniPlugins, type CniPlugins } from './effects/cni/plugins.ts';
import { cniRunner, type CniRunner } from './effects/cni/runner.ts';
import type { RunTool } from './effects/firewall/iptables.ts';
import { machineHost } from './effects/machine-host.ts';
import { wideRanges } from './effects/ports/wide.ts';
import { run } from './effects/process/run.ts';
import { notedRun, spanNotes, type Spans } from './effects/process/spans.ts';
import { startWaiting } from './effects/process/waiting.ts';
import { hostTool } from './effects/process/tool.ts';
import type { Settings } from './settings.ts';

/** How the programs of the host are run, and what is noted of each run. */
export interface Programs {
  readonly plugins: CniPlugins;
  readonly runner: CniRunner;
  readonly tool: RunTool;
  readonly spans: Spans;
}

export function programsOf(settings: Settings, log: Logger): Programs {
  const { root, pluginDirs, pluginTimeoutMs, graceMs, machine } = settings;
  const spans = spanNotes();
  const noted = notedRun(run, spans, Date.now);
  const tool = hostTool({ pluginTimeoutMs, graceMs, run: noted });
  const plugins = cniPlugins({
    run,
    pluginDirs,
    versionCachePath: join(root, 'plugin-versions.json'),
    limits: { timeoutMs: pluginTimeoutMs, graceMs }
  });
  const runner = cniRunner({
    run: noted,
    startWaiting,
    pluginDirs,
    cacheDir: join(root, 'cni'),
    timeouts: {
      addMs: pluginTimeoutMs,
      delMs: pluginTimeoutMs,
      checkMs: pluginTimeoutMs,
      graceMs
    },
    ranges: wideRanges(tool),
    ...(machine && { machineHost }),
    onLog: (line) => {
      log.info(line);
    }
  });
  return { plugins, runner, tool, spans };
}
