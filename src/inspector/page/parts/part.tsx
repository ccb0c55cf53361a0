import type { ComponentChildren, JSX } from 'preact';

/** A part of the details, with its title; without children it is not there. */
export function Part({
  title,
  isEmpty = false,
  children
}: {
  readonly title: string;
  readonly isEmpty?: boolean;
  readonly children: ComponentChildren;
}): JSX.Element | null {
  if (isEmpty) return null;
  return (
    <section class="part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

export function Fact({
  name,
  children
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
