import { readFileSync, writeFileSync } from 'node:fs';
import { causeOf, type Registry } from '../actors/registry.ts';
import type { RequestOf } from '../bus/requests.ts';
import type { EffectContext, Effects } from '../effects/effects.ts';
import { netnsAt } from '../effects/netns.ts';
import type { UplinkContext } from '../machines/uplink-context.ts';
import { errorOf, failureOf, MooringError } from '../model/failure.ts';
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
  const key = { kind: 'uplink', id: SHARED_UPLINK } as const;
  const rest = await registry().ask(
    key,
    {
      type: 'uplink.hold',
      uplink: SHARED_UPLINK,
      plan: { spec, netns: netnsAt(HOST_NETNS) },
      holder: SHARED_UPLINK,
      forwards: []
    },
    { cause: causeOf(context) }
  );
  const { failure } = rest.context as UplinkContext;
  if (failure) throw errorOf(failure);
  if (rest.value !== 'ready') throw new MooringError('uplink.lost', 'its uplink was taken away');
}

async function remove(
  { registry }: RootlessNetnsDeps,
  { rootlessNetns }: RequestOf<'rootlessNetns.remove'>,
  context: EffectContext
): ReturnType<RootlessNetnsEffects['rootlessNetns.remove']> {
  try {
    const key = { kind: 'uplink', id: SHARED_UPLINK } as const;
    const command = { type: 'uplink.release', uplink: SHARED_UPLINK } as const;
    const rest = await registry().ask(key, command, { cause: causeOf(context) });
    if (rest.value === 'stuck') throw errorOf((rest.context as UplinkContext).failure!);
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
