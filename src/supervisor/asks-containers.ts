import { openMooring } from '../mooring.ts';
import { BECAUSE, type Asked } from './ask-containers.ts';
import { configOf, stateOptions } from './config.ts';

// The program that a supervisor starts where the containers' networks are: it has them look at their
// way out again, or write their files. What is asked and their ids are its arguments.

const mooring = await openMooring(stateOptions(configOf(process.env)));
try {
  const [asked, ...ids] = process.argv.slice(2) as [Asked, ...string[]];
  const because = process.env[BECAUSE] ?? 'the supervisor asks for it';
  const ask = (id: string) =>
    asked === 'refresh' ? mooring.refresh(id) : mooring.repair(id, { because });
  // One that is gone, or is being worked on, is nobody's business here any more.
  await Promise.allSettled(ids.map(ask));
} finally {
  await mooring.close();
}
