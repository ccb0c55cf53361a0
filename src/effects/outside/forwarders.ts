import { failureOf } from '../../model/failure.ts';
import type { Effects } from '../effects.ts';
import type { Forwarder } from '../forward/forwarder.ts';

type ForwarderEffects = Pick<Effects, 'forwarder.open' | 'forwarder.aim' | 'forwarder.close'>;

/** Published ports whose traffic goes through this process. */
export function forwarderEffects(forwarder: Forwarder): ForwarderEffects {
  return {
    async 'forwarder.open'({ forwarder: id, ports, taken, aim }, { signal }) {
      try {
        // What this very process has open of it was begun for the same request.
        await forwarder.withdraw(id);
        const opened = await forwarder.publish(id, ports, { taken, signal });
        if (aim !== 'hold') await aimOrClose(id, aim);
        return { type: 'forwarder.opened', forwarder: id, ports: opened };
      } catch (error) {
        const failure = failureOf(error, 'port', `open the ports of ${id}`);
        return { type: 'forwarder.openFailed', forwarder: id, failure };
      }
    },
    async 'forwarder.aim'({ forwarder: id, aim }) {
      try {
        await forwarder.aim(id, aim);
        return { type: 'forwarder.aimed', forwarder: id };
      } catch (error) {
        const failure = failureOf(error, 'port', `aim the ports of ${id}`);
        return { type: 'forwarder.aimFailed', forwarder: id, failure };
      }
    },
    async 'forwarder.close'({ forwarder: id }) {
      try {
        await forwarder.withdraw(id);
        return { type: 'forwarder.closed', forwarder: id };
      } catch (error) {
        const failure = failureOf(error, 'port', `close the ports of ${id}`);
        return { type: 'forwarder.closeFailed', forwarder: id, failure };
      }
    }
  };

  async function aimOrClose(id: string, aim: Parameters<Forwarder['aim']>[1]): Promise<void> {
    try {
      await forwarder.aim(id, aim);
    } catch (error) {
      await forwarder.withdraw(id);
      throw error;
    }
  }
}
