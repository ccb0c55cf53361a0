import { nanoid } from 'nanoid';
import { containerContext, containerView } from './actors/views.ts';
import { containerKey } from './container-rest.ts';
import type { CniRunner } from './effects/cni/runner.ts';
import type { EffectContext, Effects } from './effects/effects.ts';
import { netnsOwner, type ContainerContext } from './machines/container-context.ts';
import type { CniIp } from './model/cni-result.ts';
import type { Attachment, Netns } from './model/container.ts';
import type { CheckFinding, Checked, Examination, ObservedNetns } from './model/examination.ts';
import { failureOf, MooringError } from './model/failure.ts';
import type { Key, Store, StoredActor } from './store/store.ts';
import { isLive } from './model/view.ts';

export interface ExamineParts {
  readonly store: Store;
  readonly effects: Pick<Effects, 'attachments.examine'>;
  readonly runner: Pick<CniRunner, 'check'>;
  readonly observe: (path: string, context: EffectContext) => Promise<ObservedNetns>;
  readonly lockTimeoutMs: number;
}

/** Looks at the kernel beside what is recorded. Nothing is changed, and nothing journalled. */
export interface Examiner {
  /** @throws MooringError `container.notFound` */
  examine(id: string): Promise<Examination>;
  /**
   * The same without what else is in the netns, which three programs would tell.
   *
   * @throws MooringError `container.notFound`
   */
  compare(id: string): Promise<Pick<Examination, 'drifts' | 'failure'>>;
  /**
   * CHECK of every attachment, and a look at the kernel, while nobody else works on the container.
   *
   * @throws MooringError `container.notFound`, `container.notUp`, `lease.timedOut`
   */
  check(id: string): Promise<Checked>;
}

type Look = Pick<Examination, 'observed' | 'drifts' | 'complete' | 'failure'>;

const NOTHING: Look = { observed: null, drifts: [], complete: true, failure: null };

export function examinerOf(parts: ExamineParts): Examiner {
  const { store, effects, runner, observe, lockTimeoutMs } = parts;
  return { examine: (id) => examine(id, lookAt), compare: (id) => examine(id, drifts), check };

  async function examine(id: string, look: typeof lookAt): Promise<Examination> {
    const key = containerKey(id);
    // Not waited for: who is at it may be the very thing that is looked into.
    const lease = await store.tryAcquire(key);
    try {
      const stored = await found(key);
      const view = containerView(stored, store.boot);
      const { state, pending, spec: desired, netns, attachments, ports, files } = view;
      const recorded = { netns, attachments, ports, files };
      const seen = netns === null ? NOTHING : await look(netns, containerContext(stored));
      const busy = lease === undefined && {
        code: 'container.busy',
        message: `container ${id} is being worked on: what was seen may be in between`
      };
      const failure = seen.failure ?? (busy || null);
      return { id, state, pending, desired, recorded, ...seen, failure };
    } finally {
      if (lease) await store.release(lease);
    }
  }

  async function lookAt(netns: Netns, context: ContainerContext): Promise<Look> {
    const seen = await drifts(netns, context);
    // Another netns at its path is nobody's business here.
    if (seen.drifts.some(({ kind }) => kind === 'netns')) return seen;
    try {
      return { ...seen, observed: await observe(netns.path, newContext()) };
    } catch (error) {
      const failure =
        seen.failure ?? failureOf(error, 'netns', `looking into the netns of ${context.container}`);
      return { ...seen, failure };
    }
  }

  async function drifts(netns: Netns, context: ContainerContext): Promise<Look> {
    const { container, attachments, spec } = context;
    const owner = spec === null ? undefined : netnsOwner(spec);
    const fact = await effects['attachments.examine'](
      { type: 'attachments.examine', container, netns, attachments, ...(owner && { owner }) },
      newContext()
    );
    if (fact.type === 'attachments.examined') {
      return { ...NOTHING, drifts: fact.drifts, complete: fact.complete };
    }
    const failure =
      'failure' in fact
        ? fact.failure
        : { code: 'attachments.internal', message: `examining ${container}: ${fact.type}` };
    return { ...NOTHING, complete: false, failure };
  }

  async function check(id: string): Promise<Checked> {
    const key = containerKey(id);
    await found(key);
    const lease = await store.acquire(key, { timeoutMs: lockTimeoutMs });
    try {
      const stored = await found(key);
      const { state, netns } = containerView(stored, store.boot);
      if (!isLive(state)) {
        throw new MooringError(
          'container.notUp',
          `container ${id} is ${state}: container state improper`
        );
      }
      if (netns === null) return { id, findings: [], unchecked: [] };
      return await checkAll(netns, containerContext(stored));
    } finally {
      await store.release(lease);
    }
  }

  async function checkAll(netns: Netns, context: ContainerContext): Promise<Checked> {
    const { container: id, attachments } = context;
    const look = await drifts(netns, context);
    const findings = look.drifts
      .map(({ network, kind, text }): CheckFinding => ({ network, code: `drift.${kind}`, text }))
      .filter((finding) => !isNoAnswer(finding));
    if (look.failure) {
      const { code, message } = look.failure;
      findings.push({ network: null, code, text: message });
    }
    const unchecked: CheckFinding[] = [];
    // Where there is no netns, each plugin would say the same again.
    const isThere = !look.drifts.some(({ kind }) => kind === 'netns');
    for (const attachment of isThere ? attachments : []) {
      const finding = await checkOne(id, netns, attachment);
      const isOpen = finding && (isNoAnswer(finding) || isOfNoFamily(finding, attachment));
      if (isOpen) unchecked.push(finding);
      else if (finding && findings.every(({ text }) => text !== finding.text)) {
        findings.push(finding);
      }
    }
    return { id, findings, unchecked };
  }

  async function checkOne(
    containerId: string,
    netns: Netns,
    attachment: Attachment
  ): Promise<CheckFinding | undefined> {
    const { network, result } = attachment;
    if (result === undefined) {
      const text = `${network} for ${containerId}: it was never added`;
      return { network, code: 'cni.notAdded', text };
    }
    const { operation, signal } = newContext();
    const target = { containerId, netnsPath: netns.path, operation, signal };
    try {
      await runner.check(attachment, target, result);
      return undefined;
    } catch (error) {
      const { code, message } = failureOf(error, 'cni');
      return { network, code, text: message };
    }
  }

  async function found(key: Key): Promise<StoredActor> {
    const stored = await store.load(key);
    const isThere = stored && (stored.value !== 'absent' || stored.outstanding.length > 0);
    if (isThere) return stored;
    throw new MooringError('container.notFound', `no container is named ${key.id}`);
  }
}

/**
 * Whether it says nothing of the attachment. CHECK came with CNI 0.4.0; and of a container with
 * addresses of both families portmap looks for the rules of one among those of the other.
 */
function isNoAnswer({ code, text }: CheckFinding): boolean {
  if (code === 'cni.checkUnsupported') return true;
  const [, family, rules = ''] =
    /portmap refused CHECK: could not check ipv([46]) dnat: rule (.*)/.exec(text) ?? [];
  const [, address = ''] = /--to-destination (\S+)/.exec(rules) ?? [];
  return family !== undefined && address.startsWith('[') !== (family === '6');
}

/** portmap looks for a chain of each family, and makes one of those alone that the container has. */
function isOfNoFamily({ text }: CheckFinding, { result }: Attachment): boolean {
  const [, family] =
    /portmap refused CHECK: could not check ipv([46]) dnat: chain/.exec(text) ?? [];
  if (family === undefined) return false;
  const isV6 = ({ address }: CniIp) => address.includes(':');
  return !(result?.ips ?? []).some((ip) => isV6(ip) === (family === '6'));
}

// Nothing of it is recorded, so nothing could be taken up again under this name.
function newContext(): EffectContext {
  return {
    operation: nanoid(),
    askedAt: Date.now(),
    correlation: nanoid(),
    repeated: false,
    signal: new AbortController().signal
  };
}
