import type { KernelChange } from '../effects/watch/kernel.ts';
import type { ContainerView } from '../model/view.ts';

/** A change that somebody has to look at. The end of a process is answered by another one. */
export type SeenChange = Exclude<KernelChange, { readonly kind: 'exit' }>;

/**
 * Ids of the containers that a change may concern.
 *
 * A change on the host concerns those whose results name the interface: bridges and the host's
 * ends of links come and go with every container, and most of them are nobody else's business.
 */
export function concernedBy(
  change: SeenChange,
  views: readonly ContainerView[]
): readonly string[] {
  switch (change.kind) {
    case 'firewall':
      return views.filter(({ attachments }) => attachments.length > 0).map(({ id }) => id);
    case 'link':
    case 'address':
    case 'route': {
      if (change.netns !== null) return sharersOf(change.netns, views);
      const names = new Set(change.objects.map(({ name }) => name));
      return views.filter((view) => hostNames(view).some((name) => names.has(name))).map(idOf);
    }
    case 'netns':
      return sharersOf(change.netns, views);
    case 'overrun':
      return change.netns === null ? views.map(idOf) : sharersOf(change.netns, views);
  }
}

/** A reason for the journal: `firewall changed by nft`, `link eth0 changed`. */
export function reasonOf(change: SeenChange): string {
  switch (change.kind) {
    case 'firewall':
      return `firewall changed${change.by.length > 0 ? ` by ${change.by.join(', ')}` : ''}`;
    case 'link':
    case 'route':
    case 'address': {
      const names = [...new Set(change.objects.map(({ name }) => name))].slice(0, 4);
      return `${change.kind} of ${names.join(', ')} changed`;
    }
    case 'netns':
      return `network namespace ${change.reason}`;
    case 'overrun':
      return 'changes were missed';
  }
}

/** Interfaces of its results that are on the host: bridges, and the host's ends of its links. */
function hostNames({ attachments }: ContainerView): readonly string[] {
  return attachments.flatMap(({ result }) =>
    (result?.interfaces ?? []).filter(({ sandbox }) => !sandbox).map(({ name }) => name)
  );
}

// Who shares a netns hears of it by the key of its owner.
function sharersOf(owner: string, views: readonly ContainerView[]): readonly string[] {
  return views
    .filter(({ id, spec: { namespace } }) => {
      const isShared = namespace?.kind === 'container' && namespace.container === owner;
      return id === owner || isShared;
    })
    .map(idOf);
}

function idOf({ id }: ContainerView): string {
  return id;
}
