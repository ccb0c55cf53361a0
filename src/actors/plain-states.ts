import type { AnyStateNode, AnyTransitionDefinition } from 'xstate';

/** Whether nothing is active beside it, and its transitions lead to one state each. */
export function isPlain(node: AnyStateNode): boolean {
  const { type, config, transitions, always = [] } = node;
  if (type !== 'atomic' && type !== 'compound') return false;
  const { invoke, after } = config as { readonly invoke?: unknown; readonly after?: unknown };
  if (invoke !== undefined || after !== undefined) return false;
  if ([...transitions.keys()].some((event) => event.includes('*'))) return false;
  if (type === 'compound' && (!isSimple(node.initial) || node.initial.actions.length > 0))
    return false;
  return [...transitions.values(), always].flat().every(isSimple);
}

/** Whether it leads to one state at most, by the shortest way. */
function isSimple({
  target = [],
  reenter
}: Pick<AnyTransitionDefinition, 'target' | 'reenter'>): boolean {
  return !reenter && target.length <= 1 && target.every(({ parent }) => parent !== undefined);
}

/** The state that is active in the end when a state is entered. */
export function innermost(node: AnyStateNode): AnyStateNode {
  return node.type === 'compound' ? innermost(node.initial.target[0]!) : node;
}

/** From its parent up to the root. */
export function ancestorsOf({ parent }: AnyStateNode): readonly AnyStateNode[] {
  return parent === undefined ? [] : [parent, ...ancestorsOf(parent)];
}

export function withDescendants(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(withDescendants)];
}
