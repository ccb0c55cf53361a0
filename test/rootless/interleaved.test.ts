import { expect, it } from 'vitest';
import { NODE, SEEN_AT } from '../sandbox/sandbox.ts';
import { HOME, useUser } from '../sandbox/user.ts';

const user = useUser();
const PROCESSES = 8;
const ROUNDS = 25;

/** A network whose plugins cost little. */
const conflist = (name: string, subnet: string) =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name,
    plugins: [
      {
        type: 'bridge',
        bridge: name,
        isGateway: true,
        ipam: { type: 'host-local', ranges: [[{ subnet }]] }
      }
    ]
  });

it('#10: two hundred times up and down by eight processes share one private host, connected whenever one is up, and leave nothing', async () => {
  const dir = `${HOME}/.config/cni/net.d`;
  await user.run(['mkdir', '-p', dir]);
  for (const [name, subnet] of [
    ['even', '10.77.0.0/24'],
    ['odd', '10.78.0.0/24']
  ] as const) {
    await user.run(['sh', '-c', `cat >${dir}/${name}.conflist`], { input: conflist(name, subnet) });
  }
  await user.unchanged(async () => {
    const ran = await Promise.all(
      Array.from({ length: PROCESSES }, (_, one) =>
        user.mooring(
          ...['unshare', '--', NODE, `${SEEN_AT}/test/rootless/interleaved.fixture.mjs`],
          ...[`c${one}`, one % 2 === 0 ? 'even' : 'odd', String(ROUNDS)]
        )
      )
    );
    const lines = ran.flatMap(({ stdout }) => stdout.trimEnd().split('\n'));

    expect(ran.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      ran.map(() => ({ code: 0, stderr: '' }))
    );
    expect(lines).toHaveLength(PROCESSES * ROUNDS);
    expect(new Set(lines).size).toBe(1);
    expect(lines[0]).toMatch(/ 10\.0\.2\.100$/);
  });
});
