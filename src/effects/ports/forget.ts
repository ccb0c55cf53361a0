import type { Attachment, PortMapping } from '../../model/container.ts';
import { failureOf, type Failure } from '../../model/failure.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { Effects } from '../effects.ts';
import type { PublishedPorts } from './conntrack.ts';

type RuleEffects = Pick<Effects, 'cni.add' | 'cni.del' | 'attachments.repair'>;

export interface ForgetDeps {
  readonly flush: (ports: PublishedPorts) => Promise<number>;
  /** Stale connections could not be forgotten; what was done otherwise stands. */
  readonly onFailure: (failure: Failure) => void;
}

/**
 * The same effects, after which no UDP client's packets go where the rules sent them before.
 *
 * After the rules are changed, and not before: a packet that comes in between would be remembered
 * as one that no rule is for.
 */
export function forgettingConnections(
  effects: RuleEffects,
  { flush, onFailure }: ForgetDeps
): RuleEffects {
  async function forget(attachments: readonly Attachment[], container: string): Promise<void> {
    try {
      for (const ports of attachments.flatMap(udpPorts)) await flush(ports);
    } catch (error) {
      onFailure(failureOf(error, 'conntrack', `forgetting UDP connections of ${container}`));
    }
  }

  return {
    async 'cni.add'(request, context) {
      const fact = await effects['cni.add'](request, context);
      await forget([request.attachment], request.container);
      return fact;
    },
    async 'cni.del'(request, context) {
      const fact = await effects['cni.del'](request, context);
      await forget([request.attachment], request.container);
      return fact;
    },
    async 'attachments.repair'(request, context) {
      const fact = await effects['attachments.repair'](request, context);
      await forget(request.attachments, request.container);
      return fact;
    }
  };
}

function udpPorts({ capabilityArgs }: Attachment): readonly PublishedPorts[] {
  const { portMappings } = capabilityArgs;
  if (!Array.isArray(portMappings)) return [];
  return (portMappings as readonly Json[]).flatMap((entry) => {
    if (!isJsonObject(entry) || entry['protocol'] !== 'udp') return [];
    // Journalled from checked mappings, so the fields are what they are called.
    const { hostIP, hostPort, range = 1 } = entry as unknown as Entry;
    return [{ protocol: 'udp', hostIp: hostIP, hostPort, range }];
  });
}

interface Entry extends Pick<PortMapping, 'hostPort'> {
  readonly hostIP: string;
  readonly range?: number;
}
