import type { Netns, PortMapping } from '../model/container.ts';
import type { Failure } from '../model/failure.ts';
import type { UplinkPlan, UplinkProcess } from '../model/uplink.ts';

// What is said of the things that stand in the host's own network: the supervisor runs their actors.

export type OutsideEvent = OutsideCommand | OutsideFact;

export type OutsideCommand = UplinkCommand | ForwarderCommand | RootlessNetnsCommand;

export type OutsideFact = UplinkFact | ForwarderFact | RootlessNetnsFact;

export type UplinkEvent = UplinkCommand | UplinkFact | TimerFired;

export type ForwarderEvent = ForwarderCommand | ForwarderFact | TimerFired;

export type RootlessNetnsEvent = RootlessNetnsCommand | RootlessNetnsFact;

/** The same that a container is told: a timer is asked for by whoever wants it. */
interface TimerFired {
  readonly type: 'timer.fired';
  readonly container: string;
  readonly timer: string;
}

export type UplinkCommand =
  /** Holding the same again looks whether it is well. */
  | Uplink<
      'uplink.hold',
      {
        readonly plan: UplinkPlan;
        /** Who its ports are for; its own container, unless it is shared. */
        readonly holder: string;
        readonly forwards: readonly PortMapping[];
        /** Whether one that is well is to be started again all the same. */
        readonly again?: boolean;
      }
    >
  /** Of one that is shared: the ports of one container. */
  | Uplink<'uplink.forward', { readonly holder: string; readonly forwards: readonly PortMapping[] }>
  | Uplink<'uplink.release'>
  /** The program has ended, and nobody had asked it to. */
  | Uplink<
      'uplink.lost',
      {
        readonly process: UplinkProcess | null;
        readonly failure: Failure;
        /** How long it had run. */
        readonly ranMs: number;
      }
    >
  | Uplink<'uplink.rebooted'>;

export type UplinkFact =
  | Uplink<'uplink.started', { readonly process: UplinkProcess }>
  | Uplink<'uplink.startFailed', { readonly failure: Failure }>
  | Uplink<'uplink.settled'>
  /** The program is well, and refuses a port. */
  | Uplink<'uplink.settleFailed', { readonly failure: Failure }>
  /** The program does not answer, or is gone. */
  | Uplink<'uplink.unwell', { readonly failure: Failure }>
  | Uplink<'uplink.stopped'>
  | Uplink<'uplink.stopFailed', { readonly failure: Failure }>;

type Uplink<Type extends string, Payload = unknown> = Readonly<{ type: Type; uplink: string }> &
  Payload;

/** Where what comes in is sent to. `hold`: it waits; `refuse`: it is turned away. */
export type ForwardAim =
  'hold' | 'refuse' | { readonly netns: Netns; readonly addresses: readonly string[] };

export type ForwarderCommand =
  /** Opening the same again is nothing; other ports take the place of those that are open. */
  | Forwarder<
      'forwarder.open',
      { readonly ports: readonly PortMapping[]; readonly taken: readonly PortMapping[] }
    >
  | Forwarder<'forwarder.aim', { readonly aim: ForwardAim }>
  | Forwarder<'forwarder.close'>
  /** Whoever had the ports open has ended. */
  | Forwarder<'forwarder.lost', { readonly failure: Failure }>
  | Forwarder<'forwarder.rebooted'>;

export type ForwarderFact =
  /** With the host ports that were chosen. */
  | Forwarder<'forwarder.opened', { readonly ports: readonly PortMapping[] }>
  | Forwarder<'forwarder.openFailed', { readonly failure: Failure }>
  | Forwarder<'forwarder.aimed'>
  | Forwarder<'forwarder.aimFailed', { readonly failure: Failure }>
  | Forwarder<'forwarder.closed'>
  | Forwarder<'forwarder.closeFailed', { readonly failure: Failure }>;

type Forwarder<Type extends string, Payload = unknown> = Readonly<{
  type: Type;
  /** Id of the container whose ports they are. */
  forwarder: string;
}> &
  Payload;

export type RootlessNetnsCommand =
  /** By the name of a network. Holding twice is holding once, and looks whether it is well. */
  | RootlessNetns<'rootlessNetns.hold', { readonly holder: string }>
  | RootlessNetns<'rootlessNetns.release', { readonly holder: string }>
  | RootlessNetns<'rootlessNetns.rebooted'>;

export type RootlessNetnsFact =
  | RootlessNetns<'rootlessNetns.built'>
  | RootlessNetns<'rootlessNetns.buildFailed', { readonly failure: Failure }>
  | RootlessNetns<'rootlessNetns.removed'>
  | RootlessNetns<'rootlessNetns.removeFailed', { readonly failure: Failure }>;

type RootlessNetns<Type extends string, Payload = unknown> = Readonly<{
  type: Type;
  rootlessNetns: string;
}> &
  Payload;

export const OUTSIDE_COMMANDS: readonly OutsideCommand['type'][] = [
  'uplink.hold',
  'uplink.forward',
  'uplink.release',
  'uplink.lost',
  'uplink.rebooted',
  'forwarder.open',
  'forwarder.aim',
  'forwarder.close',
  'forwarder.lost',
  'forwarder.rebooted',
  'rootlessNetns.hold',
  'rootlessNetns.release',
  'rootlessNetns.rebooted'
];
