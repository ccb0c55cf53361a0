import { damage } from './damage.ts';
import type { Thing } from './kernel.ts';
import type { Fault } from './plan.ts';
import type { Slot } from './slot.ts';
import type { SimHost } from './world.ts';

interface Happenings {
  readonly host: SimHost;
  readonly faults: readonly Fault[];
  readonly slots: readonly Slot[];
  readonly isCalm: () => boolean;
  /** Told when somebody has taken something away. */
  readonly onDamage: (kind: string, hit: Thing) => void;
}

/** Lets come to a host what is to come to it at a time. */
export function happenTo({ host, faults, slots, isCalm, onDamage }: Happenings): void {
  for (const fault of faults) {
    if (!('atMs' in fault) || !('host' in fault)) continue;
    host.clock.at(fault.atMs, undefined, () => {
      if (!isCalm()) happen(fault);
    });
  }

  function happen(fault: Extract<Fault, { readonly atMs: number; readonly host: string }>): void {
    const { clock, watcher, kernel, programs } = host;
    watcher.note(() => `fault ${JSON.stringify(fault)}`);
    switch (fault.kind) {
      case 'stall': {
        const process = slots[fault.process]?.process;
        if (process === undefined) return;
        clock.stop(process.site.owner);
        clock.at(fault.forMs, undefined, () => clock.resume(process.site.owner));
        return;
      }
      case 'reboot':
        for (const slot of slots) slot.die('the host is rebooted');
        programs.reboot();
        kernel.reboot();
        host.boot = `${host.name} boot at ${clock.now.toFixed(0)}`;
        return;
      case 'clockJump':
        host.skewMs += fault.byMs;
        return;
      case 'diskFull':
        host.diskFullUntil = clock.now + fault.forMs;
        return;
      case 'partition':
        // The server looks by itself who can reach it.
        return;
      default: {
        const hit = damage(kernel, fault);
        if (hit) onDamage(fault.kind, hit);
      }
    }
  }
}
