import type { NetnsIdentity } from './nsfs.ts';
import type { ObservedNetwork } from './observe.ts';

/** What the netns thread is asked. */
export type NetnsCall =
  | {
      readonly op: 'create';
      readonly path: string;
      /** Process whose netns is mounted there instead of a new one. */
      readonly origin?: { readonly pid: number; readonly startTime: string };
    }
  | ({ readonly op: 'observe'; readonly path: string } & NetnsIdentity)
  | ({
      readonly op: 'setSysctl';
      readonly path: string;
      /** `net/ipv6/conf/default/accept_dad` */
      readonly name: string;
      readonly value: string;
    } & NetnsIdentity);

export interface NetnsRequest {
  readonly id: number;
  readonly call: NetnsCall;
}

/** Errors lose their class between threads, so only their data crosses. */
export type NetnsReply = { readonly id: number } & NetnsAnswer;

export type NetnsAnswer =
  | { readonly identity: NetnsIdentity }
  | { readonly network: ObservedNetwork }
  | { readonly before: string }
  | { readonly failure: { readonly code: string; readonly message: string } };
