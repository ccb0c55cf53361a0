import { IN_CHARTS } from './charts.ts';
import { IN_HANDLERS } from './handlers.ts';
import type { Plant } from './plant.ts';
import { IN_PROCESSES } from './processes.ts';

/** Failures that users of others met, made again. */
export const PLANTS: readonly Plant[] = [...IN_CHARTS, ...IN_HANDLERS, ...IN_PROCESSES];
