import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { useSandbox } from '../../sandbox/sandbox.ts';
import { sweepEffects } from '../../../src/effects/firewall/sweep.ts';
import type { RunTool } from '../../../src/effects/firewall/iptables.ts';

const FIXTURE = fileURLToPath(new URL('./sweep.fixture.mjs', import.meta.url));
const context = {
  operation: 'op',
  repeated: false,
  askedAt: 0,
  correlation: 'command',
  signal: new AbortController().signal
};
const host = useSandbox({ each: true });

/** What an ADD of bridge and portmap has put there, by the plugins themselves. */
const add = (network: string, container: string, port: number, octet: number) => `
ip netns add ${container}-${octet}
export CNI_COMMAND=ADD CNI_CONTAINERID=${container} CNI_NETNS=/run/netns/${container}-${octet}
export CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni
result=$(/usr/lib/cni/bridge <<END
{"cniVersion":"1.0.0","name":"${network}","type":"bridge","bridge":"br${octet}","isGateway":true,
 "ipMasq":true,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.99.${octet}.0/24"}],
 [{"subnet":"fd00:${octet}::/64"}]]}}
END
) || exit 1
/usr/lib/cni/portmap <<END || exit 1
{"cniVersion":"1.0.0","name":"${network}","type":"portmap","runtimeConfig":{"portMappings":[
 {"hostPort":${port},"containerPort":80,"protocol":"tcp"},
 {"hostPort":${port},"containerPort":80,"protocol":"udp"}]},"prevResult":$result}
END
`;

async function rules(): Promise<string[]> {
  const { stdout } = await host.run(['sh', '-c', 'iptables-save -t nat; ip6tables-save -t nat']);
  return stdout.split('\n').filter((line) => /^[:-]/.test(line));
}

async function sweep(container: string, ...networks: string[]): Promise<unknown> {
  const { stdout, stderr } = await host.run([process.execPath, FIXTURE, container, ...networks]);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('firewall.sweep', () => {
  it('removes all that is of the container, and nothing of neighbours with like names', async () => {
    const others = add('net', 'web2', 8081, 1) + add('net2', 'web', 8082, 2);
    expect(await host.run(['sh', '-c', others])).toMatchObject({ code: 0 });
    const before = await rules();
    expect(await host.run(['sh', '-c', add('net', 'web', 8080, 4)])).toMatchObject({ code: 0 });
    expect(await rules()).not.toEqual(before);

    const facts = await sweep('web', 'net', 'absent');

    expect(facts).toEqual(Array(2).fill({ type: 'firewall.swept', container: 'web' }));
    expect((await rules()).toSorted()).toEqual(before.toSorted());
  });

  it('takes only its own rules out of a chain that another pair of names shares', async () => {
    expect(await host.run(['sh', '-c', add('ne', 'tweb', 8083, 3)])).toMatchObject({ code: 0 });
    const before = await rules();
    expect(await host.run(['sh', '-c', add('net', 'web', 8080, 4)])).toMatchObject({ code: 0 });

    await sweep('web', 'net');

    const left = await rules();
    expect(before.filter((line) => !left.includes(line))).toEqual([]);
    expect(left.filter((line) => line.includes('name: \\"net\\"'))).toEqual([]);
  });

  it('leaves a host as it is on which no plugin has run', async () => {
    const before = await rules();

    expect(await sweep('web', 'net')).toEqual(
      Array(2).fill({ type: 'firewall.swept', container: 'web' })
    );
    expect(await rules()).toEqual(before);
  });
});

describe('firewall.sweep without a kernel', () => {
  const request = { type: 'firewall.sweep', container: 'web', networks: ['net'] } as const;

  it('has nothing to do where iptables is not installed', async () => {
    const missing: RunTool = () => Promise.resolve(undefined);

    expect(await sweepEffects(missing)['firewall.sweep'](request, context)).toEqual({
      type: 'firewall.swept',
      container: 'web'
    });
  });

  it.each([
    [
      { exitCode: 4, stdout: '', stderr: 'Permission denied (you must be root)\n' },
      /Permission denied/
    ],
    [{ exitCode: 0, stdout: '*nat\n-A POSTROUTING -j', stderr: '' }, /end in the middle/]
  ])('says what was answered: %j', async (exit, message) => {
    const fact = await sweepEffects(() => Promise.resolve(exit))['firewall.sweep'](
      request,
      context
    );

    expect(fact).toMatchObject({
      type: 'firewall.sweepFailed',
      failure: { code: 'firewall.saveFailed', message: expect.stringMatching(message) as unknown }
    });
  });
});
