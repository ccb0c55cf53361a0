import { openMooring } from '../mooring.ts';
import { configOf } from './config.ts';
import { BECAUSE } from './repairs.ts';

// The program that a supervisor starts where the containers' networks are: it has them look at their
// way out again. Their ids are its arguments.

const { root, store } = configOf(process.env);
const mooring = await openMooring({ root, store });
try {
  const ids = process.argv.slice(2);
  const because = process.env[BECAUSE] ?? 'the supervisor asks for it';
  // One that is gone, or is being worked on, is nobody's business here any more.
  await Promise.allSettled(ids.map((id) => mooring.repair(id, { because })));
} finally {
  await mooring.close();
}
