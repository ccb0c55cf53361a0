/** Who keeps a shared thing alive: ids, each once, in the order they came. */
export type Holders = readonly string[];

export function withHolder(holders: Holders, holder: string): Holders {
  return holders.includes(holder) ? holders : [...holders, holder];
}

export function withoutHolder(holders: Holders, holder: string): Holders {
  return holders.filter((other) => other !== holder);
}

/** Whether nobody is left once this holder goes. */
export function isLastHolder(holders: Holders, holder: string): boolean {
  return withoutHolder(holders, holder).length === 0;
}
