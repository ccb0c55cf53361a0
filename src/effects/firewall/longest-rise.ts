/**
 * Which of the numbers to keep so that they rise and as many as possible stay; -1 is none.
 *
 * @returns indices into `numbers`
 */
export function longestRise(numbers: readonly number[]): ReadonlySet<number> {
  const present = numbers.flatMap((number, index) => (number === -1 ? [] : [index]));
  const isRising = present.every(
    (index, at) => at === 0 || numbers[present[at - 1]!]! < numbers[index]!
  );
  return new Set(isRising ? present : longest(numbers, present));
}

function longest(numbers: readonly number[], present: readonly number[]): readonly number[] {
  // For each, the longest that ends with it: its length and what comes before.
  const lengths = new Map<number, number>();
  const before = new Map<number, number>();
  for (const index of present) {
    lengths.set(index, 1);
    for (const earlier of lengths.keys()) {
      const length = lengths.get(earlier)! + 1;
      if (numbers[earlier]! >= numbers[index]! || length <= lengths.get(index)!) continue;
      lengths.set(index, length);
      before.set(index, earlier);
    }
  }
  const rise: number[] = [];
  let last: number | undefined = present.reduce((best, index) =>
    lengths.get(index)! > lengths.get(best)! ? index : best
  );
  for (; last !== undefined; last = before.get(last)) rise.unshift(last);
  return rise;
}
