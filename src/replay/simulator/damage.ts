import { isForeign, OUTSIDE, type Kernel, type Thing, type ThingKind } from './kernel.ts';
import type { Fault } from './plan.ts';

export type Damage = Extract<Fault, { readonly nth: number }>;

/**
 * What somebody else does to a host: takes away what is not his, or puts his own in its place.
 *
 * @returns what was hit; `undefined` when there was nothing of the kind
 */
export function damage(kernel: Kernel, { kind, nth }: Damage): Thing | undefined {
  const target = targetsOf(kernel, kind)[nth % Math.max(1, targetsOf(kernel, kind).length)];
  if (target === undefined) return undefined;
  switch (kind) {
    case 'netnsGone':
      kernel.removeNetns(target.netns, OUTSIDE);
      break;
    case 'netnsReplaced': {
      kernel.removeNetns(target.netns, OUTSIDE);
      kernel.remove('mount', target.name, OUTSIDE);
      const theirs = { ...target, of: OUTSIDE };
      kernel.add({ ...theirs, kind: 'mount', netns: 0 }, OUTSIDE);
      kernel.add({ ...theirs, netns: kernel.newInode() }, OUTSIDE);
      break;
    }
    case 'linkGone':
      kernel.remove('link', target.name, OUTSIDE);
      kernel.remove('veth', target.name, OUTSIDE);
      for (const { name } of kernel.ofKind('address')) {
        if (name.startsWith(`${target.name} `)) kernel.remove('address', name, OUTSIDE);
      }
      break;
    case 'rulesFlushed':
      for (const { name } of kernel.ofKind('rule')) kernel.remove('rule', name, OUTSIDE);
      break;
    case 'keeperKilled':
      kernel.remove('process', target.name, OUTSIDE);
      for (const { name, of } of kernel.ofKind('socket')) {
        if (of === target.of) kernel.remove('socket', name, OUTSIDE);
      }
      break;
    case 'addressGone':
    case 'bridgeGone':
      kernel.remove(target.kind, target.name, OUTSIDE);
  }
  return target;
}

const TARGETS: Readonly<Record<Damage['kind'], ThingKind>> = {
  netnsGone: 'netns',
  netnsReplaced: 'netns',
  linkGone: 'link',
  addressGone: 'address',
  rulesFlushed: 'rule',
  bridgeGone: 'bridge',
  keeperKilled: 'process'
};

function targetsOf(kernel: Kernel, kind: Damage['kind']): readonly Thing[] {
  return kernel.ofKind(TARGETS[kind]).filter((thing) => !isForeign(thing));
}

/** Of somebody else, and like ours by name: none of it may be touched. */
export function foreignThings(kernel: Kernel, containers: readonly string[]): readonly Thing[] {
  const things: Thing[] = containers.flatMap((container) => [
    thing('rule', `masquerade ${container}-2/front`, `${container}-2/front`),
    thing('rule', `dnat ${container}x/front 9`, `${container}x/front`),
    thing('file', `${container}.bak`, `${container}.bak`)
  ]);
  const others = [
    thing('bridge', 'br-theirs', 'theirs'),
    thing('lease', 'theirs 10.1.1.1', 'a/theirs')
  ];
  for (const one of [...things, ...others]) kernel.add(one, OUTSIDE);
  return [...things, ...others];
}

function thing(kind: ThingKind, name: string, of: string): Thing {
  return { kind, name, of, netns: 0, value: OUTSIDE };
}
