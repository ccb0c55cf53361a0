import { OUTSIDE_REQUESTS } from '../../bus/outside-requests.ts';
import type { RequestOf } from '../../bus/requests.ts';
import type { EffectContext, Effects } from '../../effects/effects.ts';
import { elsewhere } from '../../effects/elsewhere.ts';
import type { Attachment, Netns } from '../../model/container.ts';
import type { Failure } from '../../model/failure.ts';
import {
  addSteps,
  DEL_TURNS,
  delSteps,
  type Made,
  inodeOf,
  resultOf,
  sweepSteps
} from './chain.ts';
import { never } from './clock.ts';
import { does } from './does.ts';
import { driftsOf, mendSteps } from './drifts.ts';
import { isForeign, type Kernel, type Thing } from './kernel.ts';
import { filesEffects } from './files.ts';
import { bridgeOf, hostEndIn } from './networks.ts';
import { outsideEffects } from './outside.ts';
import type { ProgramCall } from './programs.ts';
import type { Site } from './world.ts';

export type LeafEffects = Omit<Effects, 'resources.hold' | 'resources.release'>;

/** What the handlers of a process do to its host, each with the points at which it may die. */
export function simulatedEffects(site: Site): LeafEffects {
  // One after the other: spread into a literal, they take a tenth of the start of a process.
  const ofContainers = Object.assign(cniEffects(site), attachmentEffects(site), filesEffects(site));
  const ofHost = Object.assign(netnsEffects(site), networkEffects(site), outsideEffects(site));
  return Object.assign(ofContainers, ofHost, timerEffects(site), ELSEWHERE);
}

/** Asked by charts that run in a supervisor. */
const ELSEWHERE = elsewhere(OUTSIDE_REQUESTS);

function cniEffects(site: Site): Pick<Effects, 'cni.add' | 'cni.del'> {
  return {
    async 'cni.add'(request, context) {
      const { container, attachment } = request;
      const { network } = attachment;
      const call = { ...request, operation: context.operation };
      if (inodeOf(site.host.kernel, request) === undefined) {
        const failure = refusal('netns.replaced', `${network} for ${container}: its netns is gone`);
        return { type: 'attachment.addFailed', container, network, failure };
      }
      const made: Made = { addresses: [], end: '' };
      const steps = addSteps(site.host, call, made);
      const failure = await runs(
        site,
        { verb: 'ADD', subject: subjectOf(request), steps },
        context
      );
      if (failure) return { type: 'attachment.addFailed', container, network, failure };
      return { type: 'attachment.added', container, network, result: resultOf(call, made) };
    },

    async 'cni.del'(request, context) {
      const { container, attachment } = request;
      const { network } = attachment;
      const isLacking = !hasAll(site.host.kernel, request);
      const steps = delSteps(site.host, { ...request, operation: context.operation });
      const failure = await runs(
        site,
        { verb: 'DEL', subject: subjectOf(request), steps, turns: DEL_TURNS },
        context
      );
      if (failure) return { type: 'attachment.delFailed', container, network, failure };
      const { kernel } = site.host;
      const isLeft = kernel.get('rule', `masquerade ${subjectOf(request)}`) !== undefined;
      const suspect =
        context.repeated || isLacking || isLeft || inodeOf(kernel, request) === undefined;
      return { type: 'attachment.deleted', container, network, ...(suspect && { suspect }) };
    }
  };
}

function attachmentEffects(
  site: Site
): Pick<Effects, 'attachments.examine' | 'attachments.repair' | 'firewall.sweep'> {
  const { host } = site;
  return {
    async 'attachments.examine'(request, context) {
      const { container } = request;
      const failure = await runs(
        site,
        { verb: 'examine', subject: container, steps: [() => null] },
        context
      );
      if (failure) return { type: 'attachments.examineFailed', container, failure };
      const drifts = driftsOf(host.kernel, request);
      return { type: 'attachments.examined', container, drifts, complete: true };
    },

    async 'attachments.repair'({ container, attachments }, context) {
      const steps = mendSteps(host.kernel, container, attachments, context.operation);
      const failure = await runs(site, { verb: 'repair', subject: container, steps }, context);
      if (failure) return { type: 'attachments.repairFailed', container, failure };
      return { type: 'attachments.repaired', container };
    },

    async 'firewall.sweep'({ container, networks }, context) {
      const steps = sweepSteps(host, container, networks, context.operation);
      const failure = await runs(site, { verb: 'sweep', subject: container, steps }, context);
      if (failure) return { type: 'firewall.sweepFailed', container, failure };
      return { type: 'firewall.swept', container };
    }
  };
}

function netnsEffects(site: Site): Pick<Effects, 'netns.create' | 'netns.verify' | 'netns.remove'> {
  const { kernel } = site.host;
  return {
    async 'netns.create'({ namespace }, { operation }) {
      const path = `/run/netns/mooring-${namespace}`;
      const standing = kernel.get('mount', namespace);
      if (standing && isForeign(standing)) {
        const failure = refusal('netns.exists', `${path} is another's`);
        return { type: 'netns.createFailed', namespace, failure };
      }
      await does(site, 'netns.create', `namespace/${namespace}`, [
        () => {
          // What an interrupted creation left is taken over, as a file can be mounted on again.
          kernel.remove('mount', namespace, operation);
          add(site, operation, { kind: 'mount', name: namespace, of: namespace, value: path });
        },
        () => {
          const inode = kernel.newInode();
          const netns = { kind: 'netns', name: namespace, of: namespace, value: path } as const;
          add(site, operation, { ...netns, netns: inode });
        }
      ]);
      const inode = String(kernel.get('netns', namespace)!.netns);
      return { type: 'netns.created', namespace, netns: { path, device: '4', inode } };
    },

    async 'netns.verify'({ namespace, netns }) {
      await does(site, 'netns.verify', `namespace/${namespace}`, []);
      if (inodeOf(kernel, { netns }) !== undefined) return { type: 'netns.verified', namespace };
      const failure = refusal('netns.gone', `the netns of ${namespace} is gone`);
      return { type: 'netns.verifyFailed', namespace, failure };
    },

    async 'netns.remove'({ namespace, netns }, { operation }) {
      const standing = kernel.get('netns', namespace);
      const isOurs = standing && !isForeign(standing) && isThat(standing.netns, netns);
      await does(site, 'netns.remove', `namespace/${namespace}`, [
        () => {
          if (isOurs) kernel.removeNetns(standing.netns, operation);
        },
        () => {
          const mount = kernel.get('mount', namespace);
          if (mount && !isForeign(mount)) kernel.remove('mount', namespace, operation);
        }
      ]);
      return { type: 'netns.removed', namespace };
    }
  };
}

function networkEffects(site: Site): Pick<Effects, 'network.prepare' | 'network.tidy'> {
  const { kernel } = site.host;
  return {
    async 'network.prepare'({ network, bridges }) {
      await does(site, 'network.prepare', `network/${network}`, []);
      const standing = bridges.filter((bridge) => kernel.get('bridge', bridge) !== undefined);
      return { type: 'network.prepared', network, baseline: { bridges: standing } };
    },

    async 'network.tidy'({ network, bridges, baseline }, { operation }) {
      const ours = bridges.filter((bridge) => !baseline.bridges.includes(bridge));
      const isOn = ({ of }: Thing): boolean => bridgeOf(of.split('/')[1]!) === ours[0];
      const inUse = kernel.find('veth', isOn) !== undefined;
      await does(site, 'network.tidy', `network/${network}`, [
        () => {
          for (const bridge of inUse ? [] : ours) kernel.remove('bridge', bridge, operation);
        }
      ]);
      return { type: 'network.tidied', network };
    }
  };
}

function timerEffects(site: Site): Pick<Effects, 'timer.set'> {
  return {
    async 'timer.set'({ container, timer, delayMs }) {
      await site.host.clock.sleep(delayMs, site.owner);
      return { type: 'timer.fired', container, timer };
    }
  };
}

/** Runs a program and waits for it, with the points before, at each of its steps, and after. */
async function runs(
  site: Site,
  program: Pick<ProgramCall, 'verb' | 'subject' | 'steps' | 'turns'>,
  { operation, signal }: EffectContext
): Promise<Failure | null> {
  const { verb, subject, steps, turns } = program;
  const slash = subject.indexOf('/');
  const container = slash < 0 ? subject : subject.slice(0, slash);
  const what = `${verb} ${slash < 0 ? '' : subject.slice(slash + 1)}`;
  const key = `container/${container}`;
  if (site.reach('before', what, key)) return never();
  const failure = await site.host.programs.run({
    ...{ verb, subject, steps, turns, operation, signal },
    owner: site.owner,
    onStep: () => void site.reach('during', what, key)
  });
  return site.reach('after', what, key) ? never() : failure;
}

/** Whether what DEL goes by is there: the host's end of the link, and the bridge. */
function hasAll(kernel: Kernel, request: RequestOf<'cni.del'>): boolean {
  if (inodeOf(kernel, request) === undefined) return false;
  const { network, ifName, result } = request.attachment;
  if (result === undefined) return true;
  const end = kernel.get('veth', `${request.container}/${ifName}`);
  const isThere = end?.value.startsWith(`${hostEndIn(request.attachment)}@`) ?? false;
  return isThere && kernel.get('bridge', bridgeOf(network)) !== undefined;
}

function isThat(inode: number, netns: Netns | null): boolean {
  return netns === null || String(inode) === netns.inode;
}

function add(
  { host }: Site,
  operation: string,
  thing: Omit<Parameters<typeof host.kernel.add>[0], 'netns'> & { readonly netns?: number }
): void {
  host.kernel.add({ netns: 0, ...thing }, operation);
}

function subjectOf({
  container,
  attachment
}: {
  container: string;
  attachment: Attachment;
}): string {
  return `${container}/${attachment.network}`;
}

function refusal(code: string, message: string): Failure {
  return { code, message };
}
