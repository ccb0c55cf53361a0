#!/usr/bin/env node
// Nothing is imported before the checks: an old Node must reach them, too.
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  refuse(`mooring: needs Node 20.19 or newer, this is ${process.versions.node}`);
} else {
  const entry = new URL('../dist/bundle/cli-main.js', import.meta.url);
  const { existsSync } = await import('node:fs');
  if (existsSync(entry)) {
    const { main } = await import(entry.href);
    process.exitCode = await main(process.argv);
  } else {
    refuse('mooring: not built yet, run "npm run setup"');
  }
}

function refuse(line) {
  process.stderr.write(`${line}\n`);
  process.exitCode = 125;
}
