import type { PortMapping } from '../model/container.ts';
import type { UplinkPlan, UplinkProcess } from '../model/uplink.ts';
import type { ForwardAim } from './outside-events.ts';
import type { Traits } from './requests.ts';

/** What the actors ask for that the supervisor runs, in the host's own network. */
export interface OutsideRequests {
  /** Starts the program and has it forward these ports. */
  'uplink.start': {
    readonly uplink: string;
    readonly plan: UplinkPlan;
    readonly forwards: readonly PortMapping[];
  };
  /** Asks the program whether it is well, and has it forward these ports and no others. */
  'uplink.settle': {
    readonly uplink: string;
    readonly plan: UplinkPlan;
    readonly process: UplinkProcess;
    readonly forwards: readonly PortMapping[];
  };
  /** `null` when it is not known to run: then whatever was started for it is ended. */
  'uplink.stop': { readonly uplink: string; readonly process: UplinkProcess | null };

  /** Opens host ports, all or none, and sends what comes where it is aimed. */
  'forwarder.open': {
    readonly forwarder: string;
    readonly ports: readonly PortMapping[];
    /** Of others, which a choice may not touch. */
    readonly taken: readonly PortMapping[];
    readonly aim: ForwardAim;
  };
  'forwarder.aim': { readonly forwarder: string; readonly aim: ForwardAim };
  'forwarder.close': { readonly forwarder: string };

  /** Connects the private host: its netns, its uplink, and the resolv.conf that goes with it. */
  'rootlessNetns.build': { readonly rootlessNetns: string };
  'rootlessNetns.remove': { readonly rootlessNetns: string };
}

export const OUTSIDE_TRAITS: Traits<keyof OutsideRequests> = {
  // Whoever began it was its parent, and the program ends with its parent.
  'uplink.start': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ uplink }, failure) => ({ type: 'uplink.startFailed', uplink, failure })
  },
  'uplink.settle': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ uplink }, failure) => ({ type: 'uplink.settleFailed', uplink, failure })
  },
  'uplink.stop': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ uplink }, failure) => ({ type: 'uplink.stopFailed', uplink, failure })
  },
  // The ports that a dead process had open are closed.
  'forwarder.open': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ forwarder }, failure) => ({ type: 'forwarder.openFailed', forwarder, failure })
  },
  'forwarder.aim': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ forwarder }, failure) => ({ type: 'forwarder.aimFailed', forwarder, failure })
  },
  'forwarder.close': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ forwarder }, failure) => ({ type: 'forwarder.closeFailed', forwarder, failure })
  },
  // Holding an uplink twice is holding it once, and the files are written again.
  'rootlessNetns.build': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ rootlessNetns }, failure) => ({
      type: 'rootlessNetns.buildFailed',
      rootlessNetns,
      failure
    })
  },
  'rootlessNetns.remove': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ rootlessNetns }, failure) => ({
      type: 'rootlessNetns.removeFailed',
      rootlessNetns,
      failure
    })
  }
};

export const OUTSIDE_REQUESTS = Object.keys(OUTSIDE_TRAITS) as readonly (keyof OutsideRequests)[];
