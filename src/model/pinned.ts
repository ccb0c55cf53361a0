import { declares } from './attachment.ts';
import type { CniResult } from './cni-result.ts';
import type { Conflist, PluginConf } from './conflist.ts';
import type { Attachment, AttachmentPlan } from './container.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';

/**
 * The plan by which an attachment is taken off and put on again with the addresses it has.
 *
 * Where `host-local` gives out the addresses, `static` stands in for it: DEL then leaves the
 * lease, so that nobody else gets an address between DEL and ADD. Other allocators are
 * asked for the same addresses.
 *
 * @param attachment with a result; without one there is nothing to keep, and the plan is its own
 * @param hasStatic whether the plugin `static` is there
 */
export function pinnedPlan(attachment: Attachment, hasStatic: boolean): AttachmentPlan {
  const { result, pinned: _pinned, ...plan } = attachment;
  if (result === undefined) return plan;
  const mac = macOf(attachment, result);
  const stands = hasStatic && plan.conflist.plugins.some(isLeased);
  const conflist = stands ? withStatic(plan.conflist, result) : plan.conflist;
  const ips = stands ? [] : (result.ips ?? []).map(({ address }) => address.split('/')[0]!);
  const { ips: _, ...capabilityArgs } = plan.capabilityArgs;
  return {
    network: plan.network,
    ifName: plan.ifName,
    conflist,
    args: [
      ...plan.args.filter(([key]) => key !== 'IP' && key !== 'MAC'),
      ...(ips.length === 1 ? [['IP', ips[0]!] as const] : []),
      ...(mac === undefined ? [] : [['MAC', mac] as const])
    ],
    capabilityArgs: {
      ...capabilityArgs,
      ...(ips.length > 1 && declares(conflist, 'ips') && { ips }),
      ...(mac !== undefined && declares(conflist, 'mac') && { mac })
    }
  };
}

function macOf({ ifName }: Attachment, { interfaces = [] }: CniResult): string | undefined {
  return interfaces.find(({ name, sandbox }) => name === ifName && sandbox)?.mac;
}

function isLeased({ ipam }: PluginConf): boolean {
  return isJsonObject(ipam) && ipam['type'] === 'host-local';
}

function withStatic(conflist: Conflist, result: CniResult): Conflist {
  const plugins = conflist.plugins.map((plugin) =>
    isLeased(plugin) ? { ...plugin, ipam: staticIpam(result) } : plugin
  );
  return { ...conflist, plugins };
}

// https://www.cni.dev/plugins/current/ipam/static/
function staticIpam({ ips = [], routes = [], dns }: CniResult): JsonObject {
  return {
    type: 'static',
    addresses: ips.map(({ address, gateway }) => ({
      address,
      ...(gateway === undefined ? {} : { gateway })
    })),
    routes: routes.map(({ dst, gw }) => ({ dst, ...(gw === undefined ? {} : { gw }) })),
    ...(dns && { dns: dns as unknown as Json })
  };
}
