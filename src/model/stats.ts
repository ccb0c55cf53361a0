/**
 * A counter of 64 bits: a number as long as that is exact, to 2^53, and its decimal digits above.
 */
export type Counter = number | string;

/** What an interface has carried since it was made, seen from the container. */
export interface InterfaceStats {
  /** `eth0` */
  readonly name: string;
  readonly rxBytes: Counter;
  readonly rxPackets: Counter;
  readonly rxErrors: Counter;
  readonly rxDropped: Counter;
  readonly txBytes: Counter;
  readonly txPackets: Counter;
  readonly txErrors: Counter;
  readonly txDropped: Counter;
}

export interface ContainerStats {
  readonly id: string;
  /** Every interface but `lo`, by index; `null` without a netns of its own, as in the host's. */
  readonly interfaces: readonly InterfaceStats[] | null;
}

export function counterOf(value: bigint): Counter {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}

/** The sum of counters, exact. */
export function totalOf(counters: readonly Counter[]): Counter {
  return counterOf(counters.reduce((sum, counter) => sum + BigInt(counter), 0n));
}
