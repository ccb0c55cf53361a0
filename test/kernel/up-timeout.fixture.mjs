// node up-timeout.fixture.mjs PLUGIN_DIR ID NETWORK: up with a deadline of half a second a plugin.
import { Mooring } from '../../dist/bundle/index.js';

const [pluginDir, id, network] = process.argv.slice(2);
const mooring = await Mooring.open({
  pluginDirs: [pluginDir, '/usr/lib/cni'],
  pluginTimeoutMs: 500
});
try {
  await mooring.up({ id, networks: [{ name: network }] });
} catch (error) {
  process.stderr.write(`${error.code} ${error.message}\n`);
  process.exitCode = 1;
} finally {
  await mooring.close();
}
