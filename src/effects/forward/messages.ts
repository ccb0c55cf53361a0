import type { ForwardCounters, ForwardTarget } from './forwarder.ts';

/** One listening socket. It was opened by the main thread, which also closes it. */
export interface Listener {
  readonly fd: number;
  readonly protocol: 'tcp' | 'udp';
  readonly family: 4 | 6;
  readonly containerPort: number;
}

/** As the thread is told. */
export type Aim = ForwardTarget | 'hold' | 'refuse';

/** What the thread is asked; each is answered once. */
export type ForwardCommand =
  | {
      readonly op: 'listen';
      readonly container: string;
      readonly listeners: readonly Listener[];
    }
  | { readonly op: 'aim'; readonly container: string; readonly aim: Aim }
  | { readonly op: 'withdraw'; readonly container: string }
  | { readonly op: 'counters' }
  | { readonly op: 'end' };

export interface ForwardRequest {
  readonly id: number;
  readonly command: ForwardCommand;
}

/** Errors lose their class between threads, so only their data crosses. */
export interface ForwardReply {
  readonly id: number;
  readonly counters?: ReadonlyMap<string, ForwardCounters>;
  readonly failure?: { readonly code: string; readonly message: string };
}
