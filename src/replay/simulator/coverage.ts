/** What a run has come past: states, and faults by the state and the boundary that they hit. */
export interface Coverage {
  /** `container tearingDown.releasing` */
  readonly states: ReadonlySet<string>;
  /** `container tearingDown.releasing | before effect | crash` */
  readonly faults: ReadonlySet<string>;
}

export interface CoverageLog {
  state(kind: string, state: string): void;
  /** @param boundary `before effect`, `during effect`, `after commit` … */
  fault(kind: string, state: string, boundary: string, fault: string): void;
  seen(): Coverage;
}

export function coverageOf(): CoverageLog {
  const states = new Set<string>();
  const faults = new Set<string>();
  return {
    state: (kind, state) => void states.add(`${kind} ${state}`),
    fault: (kind, state, boundary, fault) =>
      void faults.add(`${kind} ${state} | ${boundary} | ${fault}`),
    seen: () => ({ states, faults })
  };
}

/** All that several runs have come past, one added after the other. */
export function joining(): { readonly all: Coverage; add(one: Coverage): void } {
  const states = new Set<string>();
  const faults = new Set<string>();
  return {
    all: { states, faults },
    add(one) {
      for (const state of one.states) states.add(state);
      for (const fault of one.faults) faults.add(fault);
    }
  };
}
