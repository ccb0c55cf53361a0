/** The network of a container that names none; it is made when it is first needed. */
export const DEFAULT_NETWORK = 'mooring';

/**
 * What of a network's shared things stood on the host before its first container came.
 *
 * When the last one has gone, what is listed here stays and the rest is taken away.
 */
export interface NetworkBaseline {
  /** Bridges of the network that existed already. */
  readonly bridges: readonly string[];
}
