// Prints what is allocated in an embedded store, an owner a line: `port container/web 1`.
// Read from the files as they are documented, and not by the store's own code.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
for (const name of existsSync(folder) ? readdirSync(folder).sort() : []) {
  if (!name.endsWith('.jsonl')) continue;
  const held = new Map();
  for (const line of readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1)) {
    const { owner, entries } = JSON.parse(line);
    if (owner !== undefined) held.set(owner, entries.length);
    else {
      held.clear();
      for (const entry of entries) held.set(entry.owner, (held.get(entry.owner) ?? 0) + 1);
    }
  }
  for (const [owner, count] of [...held].sort()) {
    if (count > 0) console.log(name.replace('.jsonl', ''), owner, count);
  }
}
