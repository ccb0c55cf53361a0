// What somebody else does to a host.
import { execFileSync } from 'node:child_process';

/** @param step `kind` of the fault, and the name of what it hits, as the simulator calls it */
export async function damage({ kept }, { damage: kind, name }) {
  const [link = '', address = ''] = name.split(' ');
  const [container, ifName] = link.split('/');
  const netns = `/run/netns/mooring-${container}`;
  switch (kind) {
    case 'netnsGone':
      run('umount', netns);
      break;
    case 'linkGone':
      run('nsenter', `--net=${netns}`, 'ip', 'link', 'del', ifName);
      break;
    case 'addressGone': {
      const prefix = address.includes(':') ? 64 : 24;
      run('nsenter', `--net=${netns}`, 'ip', 'addr', 'del', `${address}/${prefix}`, 'dev', ifName);
      break;
    }
    case 'rulesFlushed':
      run('nft', 'flush', 'ruleset');
      break;
    case 'bridgeGone':
      run('ip', 'link', 'del', name);
      break;
    case 'keeperKilled':
      process.kill((await kept.portKeeper(address)).pid, 'SIGKILL');
  }
  return kind;
}

function run(program, ...args) {
  execFileSync(program, args);
}
