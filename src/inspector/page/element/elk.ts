import ELK from 'elkjs/lib/elk.bundled.js';
import type { LayOut } from '../../../charts/elk.ts';

/** Lays out charts whose layouts are not known beforehand. */
export function layingOut(): LayOut {
  const elk = new ELK();
  // Its own types say the same in other words.
  return (graph) => elk.layout(graph as never) as never;
}
