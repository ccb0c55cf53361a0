// Replays a file in a process that may keep little.
import { replay } from '../../dist/replay/replay.js';

const { verdict, events, actors } = replay(process.argv[2]);
process.stdout.write(JSON.stringify({ verdict, events, lives: actors.length }));
