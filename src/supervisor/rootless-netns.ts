import { readFileSync, writeFileSync } from 'node:fs';
import { askUplink, requireGone, requireReady } from '../actors/outside-asks.ts';
import type { Registry } from '../actors/registry.ts';
import type { RequestOf } from '../bus/requests.ts';
import type { EffectContext, Effects } from '../effects/effects.ts';
import { netnsAt } from '../effects/netns.ts';
import { failureOf } from '../model/failure.ts';
import { connectedResolvConf } from '../model/host-resolv-conf.ts';
import { PASTA_DEFAULTS } from '../model/pasta-options.ts';
import { slirpAddresses } from '../model/slirp-addresses.ts';
import { SLIRP_DEFAULTS } from '../model/slirp-options.ts';
import { SHARED_UPLINK, type UplinkSpec } from '../model/uplink.ts';
import { hostResolvConf } from '../private-host/build.ts';
import { HOST_NETNS, RESOLV_CONF } from '../private-host/mount-plan.ts';
import { mountResolvConf } from '../private-host/mounts.ts';

type RootlessNetnsEffects = Pick<Effects, 'rootlessNetns.build' | 'rootlessNetns.remove'>;

export interface RootlessNetnsDeps {
  readonly registry: () => Registry;
  /** Whether a program is installed. */
  readonly has: (program: 'slirp4netns') => boolean;
  /** Where pasta answers for the host's name servers. */
  readonly pastaDns: string;
}

/**
 * Connects the netns of the private host: by slirp4netns, or by pasta where that is not installed.
 *
 * Its resolv.conf says so, in place, so that whoever has it mounted sees it.
 */
export function rootlessNetnsEffects(deps: RootlessNetnsDeps): RootlessNetnsEffects {
  return {
    async 'rootlessNetns.build'({ rootlessNetns }, context) {
      try {
        const spec = specOf(deps);
        await holdUplink(deps, spec, context);
        mountResolvConf();
        write(connectedText(spec, deps));
        return { type: 'rootlessNetns.built', rootlessNetns };
      } catch (error) {
        const failure = failureOf(error, 'rootless', 'connect the private host');
        return { type: 'rootlessNetns.buildFailed', rootlessNetns, failure };
      }
    },
    'rootlessNetns.remove': (request, context) => remove(deps, request, context)
  };
}

async function holdUplink(
  { registry }: RootlessNetnsDeps,
  spec: UplinkSpec,
  context: EffectContext
): Promise<void> {
  const uplink = SHARED_UPLINK;
  const subject = { uplink, plan: { spec, netns: netnsAt(HOST_NETNS) }, holder: uplink };
  const command = { type: 'uplink.hold', ...subject, forwards: [] } as const;
  requireReady(await askUplink(registry(), uplink, command, context), 'its uplink');
}

async function remove(
  { registry }: RootlessNetnsDeps,
  { rootlessNetns }: RequestOf<'rootlessNetns.remove'>,
  context: EffectContext
): ReturnType<RootlessNetnsEffects['rootlessNetns.remove']> {
  try {
    const command = { type: 'uplink.release', uplink: SHARED_UPLINK } as const;
    requireGone(await askUplink(registry(), SHARED_UPLINK, command, context));
    write(hostResolvConf());
    return { type: 'rootlessNetns.removed', rootlessNetns };
  } catch (error) {
    const failure = failureOf(error, 'rootless', 'disconnect the private host');
    return { type: 'rootlessNetns.removeFailed', rootlessNetns, failure };
  }
}

function specOf({ has }: RootlessNetnsDeps): UplinkSpec {
  return has('slirp4netns')
    ? { kind: 'slirp4netns', options: SLIRP_DEFAULTS }
    : { kind: 'pasta', options: PASTA_DEFAULTS };
}

function connectedText(spec: UplinkSpec, { pastaDns }: RootlessNetnsDeps): string {
  const host = hostResolvConf();
  if (spec.kind === 'pasta') return connectedResolvConf(host, [pastaDns], { ipv6: true });
  const { cidr, enableIpv6 } = spec.options;
  return connectedResolvConf(host, [slirpAddresses(cidr).dns], { ipv6: enableIpv6 });
}

/** Its inode stays: it is mounted elsewhere. */
function write(text: string): void {
  if (readFileSync(RESOLV_CONF, 'utf8') !== text) writeFileSync(RESOLV_CONF, text);
}
