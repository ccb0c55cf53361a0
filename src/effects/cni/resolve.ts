import { declares, publishes } from '../../model/attachment.ts';
import { cniArgsText } from '../../model/cni-args.ts';
import { checkIps } from '../../model/cni-ranges.ts';
import type { Conflist, PluginConf } from '../../model/conflist.ts';
import type { AttachmentPlan, AttachmentSpec } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { EffectContext } from '../effects.ts';
import { loadConflists, networkIn } from './conflists.ts';
import type { CniPlugins } from './plugins.ts';

export interface ResolveDeps {
  /** Directory of the conflists, `/etc/cni/net.d`. */
  readonly confDir: string;
  readonly plugins: Pick<CniPlugins, 'validate'>;
}

export interface NetworksWanted {
  readonly container: string;
  readonly networks: readonly AttachmentSpec[];
  /** Whether one of the networks must be able to publish ports. */
  readonly publishes: boolean;
}

/** Fixes what ADD and DEL of every network will be given, before anything is changed. */
export type ResolveNetworks = (
  wanted: NetworksWanted,
  context: EffectContext
) => Promise<readonly AttachmentPlan[]>;

/** Its result throws MooringError `network.…`, `conflist.…`, `cni.…`, `port.noNetwork`. */
export function networkResolver({ confDir, plugins }: ResolveDeps): ResolveNetworks {
  return async ({ container, networks, publishes }, context) => {
    const loaded = await loadConflists(confDir);
    const plans: AttachmentPlan[] = [];
    for (const spec of networks) {
      const { conflist } = networkIn(loaded, confDir, spec.network);
      await plugins.validate(conflist, context);
      plans.push(planOf(container, spec, conflist));
    }
    if (publishes) checkPublishes(plans);
    return plans;
  };
}

/**
 * What ADD of one network is given.
 *
 * @throws MooringError `network.badIp`, `cni.badArgs`
 */
export function planOf(
  container: string,
  spec: AttachmentSpec,
  conflist: Conflist
): AttachmentPlan {
  const { network, ifName, ips = [], mac } = spec;
  checkIps(conflist, ips);
  const args: (readonly [string, string])[] = [
    ['IgnoreUnknown', '1'],
    ['K8S_POD_NAME', container]
  ];
  // CNI_ARGS has room for one address; more go by the capability.
  if (ips.length === 1) args.push(['IP', ips[0]!]);
  if (mac !== undefined) args.push(['MAC', mac]);
  cniArgsText(args);
  return {
    network,
    ifName,
    conflist: ips.length > 1 ? declaringIps(conflist) : conflist,
    args,
    capabilityArgs: capabilityArgsOf(spec, conflist)
  };
}

function capabilityArgsOf(spec: AttachmentSpec, conflist: Conflist): JsonObject {
  const { network, ips = [], mac, aliases = [] } = spec;
  return {
    ...(ips.length > 1 && { ips }),
    ...(mac !== undefined && declares(conflist, 'mac') && { mac }),
    ...(aliases.length > 0 && { aliases: { [network]: aliases } })
  };
}

// A list that does not declare `ips` would silently give other addresses than those asked for.
function declaringIps(conflist: Conflist): Conflist {
  const [first, ...rest] = conflist.plugins;
  if (first === undefined || declares(conflist, 'ips')) return conflist;
  const capabilities = isJsonObject(first['capabilities']) ? first['capabilities'] : {};
  const declaring: PluginConf = { ...first, capabilities: { ...capabilities, ips: true } };
  return { ...conflist, plugins: [declaring, ...rest] };
}

function checkPublishes(attachments: readonly AttachmentPlan[]): void {
  if (attachments.some(({ conflist }) => publishes(conflist))) return;
  const names = attachments.map(({ network }) => network).join(', ');
  throw new MooringError(
    'port.noNetwork',
    names === ''
      ? 'ports can be published only on a network, and none is given'
      : `ports can't be published: no plugin of ${names} has the capability portMappings`
  );
}
