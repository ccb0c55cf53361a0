// Keeps a result and is killed before it is in place: `node cache.fixture.mjs <cacheDir>`.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

fs.renameSync = () => process.kill(process.pid, 'SIGKILL');
syncBuiltinESMExports();

const { resultCache } = await import('../../../dist/effects/cni/cache.js');
const conflist = { name: 'front', cniVersion: '1.0.0', plugins: [{ type: 'bridge' }], raw: {} };
const plan = { network: 'front', ifName: 'eth0', conflist, args: [], capabilityArgs: {} };
resultCache(process.argv[2]).write(plan, 'web', '/run/netns/web', { cniVersion: '1.0.0' });
