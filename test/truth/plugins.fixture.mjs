// Plugins that can be told to refuse, and the networks that use them.
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

/** Where the plugins stand that can be told to refuse; each is the real one otherwise. */
export const BIN = '/run/truth/bin';
const REFUSAL = '/run/truth/refuse';

const SCRIPT = `#!/bin/sh
name=\${0##*/}
refusal=${REFUSAL}.$name.$CNI_COMMAND
if [ -e "$refusal.before" ] || [ -e "$refusal.after" ]; then
  [ -e "$refusal.before" ] || "/usr/lib/cni/$name" >/dev/null
  echo '{"cniVersion":"1.0.0","code":11,"msg":"refused"}'
  exit 1
fi
exec "/usr/lib/cni/$name"
`;

export function installPlugins() {
  mkdirSync(BIN, { recursive: true });
  for (const name of ['bridge', 'portmap', 'firewall']) {
    writeFileSync(`${BIN}/${name}`, SCRIPT);
    chmodSync(`${BIN}/${name}`, 0o755);
  }
}

/**
 * ADD and DEL of which some runs are refused by one of their plugins.
 *
 * @param refusals each with `verb`, `run` from 1, `times`, `plugin` and `at`: `before` or `after` its work
 */
export function refusing(effects, refusals) {
  const wrapped = (verb, type) => {
    let run = 0;
    return async (request, context) => {
      run += 1;
      const due = refusals.find(
        (one) => one.verb === verb && run >= one.run && run < one.run + one.times
      );
      const file = due && `${REFUSAL}.${due.plugin}.${verb}.${due.at}`;
      if (file) writeFileSync(file, '');
      try {
        return await effects[type](request, context);
      } finally {
        if (file) rmSync(file);
      }
    };
  };
  return { 'cni.add': wrapped('ADD', 'cni.add'), 'cni.del': wrapped('DEL', 'cni.del') };
}

/** One conflist a network, as the simulator's model has it. */
export function writeNetworks(dir, networks) {
  mkdirSync(dir, { recursive: true });
  for (const file of readdirSync(dir)) rmSync(`${dir}/${file}`);
  for (const [index, network] of networks.entries()) {
    const { name } = network;
    const plugins = [bridgeOf(index, network), PORTMAP, { type: 'firewall' }];
    const conflist = { cniVersion: '1.0.0', name, plugins };
    writeFileSync(`${dir}/${name}.conflist`, JSON.stringify(conflist));
  }
}

const PORTMAP = { type: 'portmap', capabilities: { portMappings: true } };

function bridgeOf(index, { name, dualStack, addresses }) {
  const last = addresses + 1;
  const v4 = `10.${90 + index}.0.`;
  const v6 = `fd00:${index + 1}::`;
  const ranges = [
    [{ subnet: `${v4}0/24`, rangeStart: `${v4}2`, rangeEnd: `${v4}${last}` }],
    [{ subnet: `${v6}/64`, rangeStart: `${v6}2`, rangeEnd: `${v6}${last.toString(16)}` }]
  ];
  const ipam = { type: 'host-local', ranges: dualStack ? ranges : ranges.slice(0, 1) };
  return { type: 'bridge', bridge: `br-${name}`, isGateway: true, ipMasq: true, ipam };
}
