import type { ComponentChildren, JSX } from 'preact';

/** Said in place of what there is not, with what to do about it. */
export function Empty({
  title,
  children
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** While something is waited for; nothing is there for those who don't look. */
export function Waiting({ what }: { readonly what: string }): JSX.Element {
  return (
    <div class="empty" role="status">
      <span class="spinner" aria-hidden="true" />
      <p>Reading {what}</p>
    </div>
  );
}
