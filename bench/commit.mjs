// What is committed where a benchmark wants a commit of 2 KiB.
export function commitOf(round) {
  return {
    event: { type: 'resources.released', container: 'web' },
    requests: [],
    value: 'up',
    snapshot: { round, filler: 'x'.repeat(2_000) },
    outstanding: [],
    machine: 'container@bench',
    causation: 'bench',
    correlation: 'bench'
  };
}
