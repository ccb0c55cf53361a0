import * as module from 'elkjs/lib/elk.bundled.js';
import type { ElkGraph, LayOut } from '../../src/charts/elk.ts';

// Its types say what a bundler makes of it, not what Node does.
const Elk = (module as unknown as { default: new () => { layout: LayOut } }).default;

export function layingOut(): LayOut {
  const elk = new Elk();
  return (graph: ElkGraph) => elk.layout(graph);
}
