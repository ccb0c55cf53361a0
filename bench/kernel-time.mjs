import { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { performance } from 'node:perf_hooks';

/**
 * Tells the time this process spends itself from what it spends in the kernel or waits.
 *
 * Every synchronous system call of ours goes through node:fs, ffi-rs or spawn; each is
 * clocked from outside, so a little of their wrapping counts as the kernel's. What is
 * waited for (plugins, tools) is the loop's idle time. To be called before anything of
 * Mooring is loaded: ffi-rs hands out its functions once.
 *
 * @returns what tells both so far, in milliseconds
 */
export function clockKernel() {
  let spent = 0;
  let depth = 0;
  for (const name of Object.keys(fs)) {
    if (name.endsWith('Sync') && typeof fs[name] === 'function') fs[name] = clocked(fs[name]);
  }
  syncBuiltinESMExports();
  const ffi = createRequire(import.meta.url)('ffi-rs');
  ffi.load = clocked(ffi.load);
  ChildProcess.prototype.spawn = clocked(ChildProcess.prototype.spawn);
  return () => {
    const { active } = performance.eventLoopUtilization();
    return { kernel: spent, own: active - spent };
  };

  function clocked(call) {
    return function (...args) {
      depth += 1;
      const start = performance.now();
      try {
        return call.apply(this, args);
      } finally {
        depth -= 1;
        // A call within a call is counted once.
        if (depth === 0) spent += performance.now() - start;
      }
    };
  }
}
