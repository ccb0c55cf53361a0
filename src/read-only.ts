import type { Mooring } from './api.ts';
import { MooringError } from './model/failure.ts';

/** The library with everything refused that would change anything, or that looks into the kernel. */
export function readOnly(mooring: Mooring): Mooring {
  const refuse = () => Promise.reject(refusal());
  return {
    ...mooring,
    up: refuse,
    create: refuse,
    start: refuse,
    down: refuse,
    reload: refuse,
    repair: refuse,
    refresh: refuse,
    connect: refuse,
    disconnect: refuse,
    stats: refuse,
    examine: refuse,
    check: refuse,
    recover: refuse,
    gc: refuse,
    hosts: {
      ...mooring.hosts,
      at: (host) => readOnly(mooring.hosts.at(host)),
      takeOver: refuse,
      forget: refuse
    },
    networks: { ...mooring.networks, create: refuse, remove: refuse, prune: refuse }
  };
}

function refusal(): MooringError {
  return new MooringError('mooring.readOnly', 'it was opened to be read only');
}
