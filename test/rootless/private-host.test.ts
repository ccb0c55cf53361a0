import { afterEach, describe, expect, it } from 'vitest';
import { NODE, SEEN_AT } from '../sandbox/sandbox.ts';
import { NAME, ROOT, RUNTIME_DIR, useUser } from '../sandbox/user.ts';
import { askIn, end, serveIn } from './traffic.fixture.ts';

const user = useUser();

describe('the private host of a user without root', () => {
  it('gives two containers a network of which the host sees nothing, and is gone after the last', async () => {
    await user.ok('network', 'create', 'front', '--subnet', '10.77.0.0/24');
    await user.unchanged(async () => {
      const before = await user.host.snapshot();
      const path = await user.ok('up', 'web', '--network', 'front:ip=10.77.0.5');
      await user.ok('up', 'client', '--network', 'front:ip=10.77.0.6');
      const server = await serveIn(user, 'web', { protocol: 'tcp', port: 80 });
      const answer = await askIn(user, 'client', {
        protocol: 'tcp',
        address: '10.77.0.5',
        port: 80
      });

      expect(path).toBe('/run/netns/mooring-web');
      expect(answer).toMatchObject({ code: 0, stdout: 'hello\n' });
      expect(await server.line(/^from/)).toBe('from 10.77.0.6');
      const after = await user.host.snapshot();
      for (const kind of ['links and addresses', 'routes', 'iptables', 'nftables'] as const) {
        expect(after[kind]).toEqual(before[kind]);
      }
      await end(server);
      expect(await user.ok('down', '--all')).toBe('client\nweb');
    });
  });

  it('has the default network, by the mode bridge as without one', async () => {
    await user.unchanged(async () => {
      await user.ok('up', 'web');
      await user.ok('up', 'client', '--network', 'bridge');
      const views = JSON.parse(await user.ok('inspect', 'web', 'client')) as readonly {
        readonly NetworkSettings: { readonly Networks: object };
      }[];
      await user.ok('down', '--all');

      expect(views.map((view) => Object.keys(view.NetworkSettings.Networks))).toEqual([
        ['mooring'],
        ['mooring']
      ]);
    });
  });

  it('is not made by a command that only reads', async () => {
    await user.unchanged(async () => {
      expect(await user.ok('ps', '--quiet')).toBe('');
      expect(await user.ok('network', 'ls', '--quiet')).toContain('front');
      expect((await user.mooring('inspect', 'web')).stderr).toBe(
        'Error: no container is named web\n'
      );
      await user.ok('events');
      const { stderr } = await user.run(user.command('down', '--typo'));
      expect(stderr).toContain('unknown option');
    });
  });

  it('is made once by many commands that come at the same time', async () => {
    await user.unchanged(async () => {
      const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
      await Promise.all(ids.map((id) => user.ok('up', id, '--network', 'none')));
      const guards = await user.sh('pgrep -fc "^[s]h -c .*mooring-guard first"');
      await Promise.all(ids.map((id) => user.ok('down', id)));

      expect(guards).toBe('1');
    });
  });

  it('has a state directory of the user, and another one for each other directory', async () => {
    await user.unchanged(async () => {
      const other = `${ROOT}-other`;
      await user.ok('up', 'web', '--network', 'none');
      await user.ok('--root', other, 'up', 'web', '--network', 'none');
      const runDirs = await user.sh(`ls ${RUNTIME_DIR}`);
      await user.ok('down', 'web');
      expect(await user.ok('--root', other, 'ps', '--quiet')).toBe('web');
      await user.ok('--root', other, 'down', 'web');
      await user.sh(`rm -r ${other}`);

      expect(runDirs.split('\n')).toEqual(['mooring', expect.stringMatching(/^mooring\.\w{8}$/)]);
    });
  });

  it('says which state directory it may not read', async () => {
    await user.unchanged(async () => {
      expect(await user.refused('--root', '/root/of-another', 'ps')).toMatch(
        /^reading state directory \/root\/of-another: EACCES: /
      );
    });
  });

  it('says which state directory it may not make', async () => {
    await user.unchanged(async () => {
      const path = '/usr/share/mooring-state';

      expect(await user.refused('--root', path, 'up', 'web', '--network', 'none')).toMatch(
        /^making state directory \/usr\/share\/mooring-state: EACCES: /
      );
    });
  });

  it('has files and directories of the user alone', async () => {
    await user.ok('up', 'web', '--network', 'none');
    const modes = await user.sh(
      `stat -c '%a %U' ${ROOT} ${RUNTIME_DIR}/mooring ${RUNTIME_DIR}/mooring/supervisor.sock ${ROOT}/supervisor.lock`
    );
    await user.ok('down', 'web');

    expect(modes.split('\n')).toEqual([`700 ${NAME}`, `700 ${NAME}`, `600 ${NAME}`, `600 ${NAME}`]);
  });
});

describe('mooring unshare', () => {
  it('runs a command as root of the private host, where the user stands, and leaves nothing', async () => {
    await user.unchanged(async () => {
      const script = 'id -u; pwd; iptables -S FORWARD; ls /run/mooring; echo "$1"';
      const { stdout, code } = await user.run([
        ...['sh', '-c', 'cd /usr/share && exec "$@"', 'sh'],
        ...user.command('unshare', '--', 'sh', '-euc', script, 'sh', 'an argument')
      ]);

      expect(stdout.split('\n')).toEqual([
        ...['0', '/usr/share', '-P FORWARD ACCEPT'],
        ...['netns', 'outer', 'private-host.json', 'resolv.conf'],
        ...['an argument', '']
      ]);
      expect(code).toBe(0);
    });
  });

  it('ends as the command does', async () => {
    const failed = await user.mooring('unshare', '--', 'sh', '-c', 'exit 7');
    const killed = await user.mooring('unshare', '--', 'sh', '-c', 'kill -KILL $$');

    expect([failed.code, killed.code]).toEqual([7, 137]);
  });

  it('passes SIGTERM on, and ends its command when it is killed itself', async () => {
    await user.unchanged(async () => {
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        const command = await user.start(
          user.command('unshare', '--', 'sh', '-c', 'echo ready; exec sleep 1000')
        );
        await command.line(/^ready$/);
        await command.kill(signal);
        await command.done;
        await user.sh('while pgrep -x sleep -a | grep -q 1000; do :; done');
      }
      // The supervisor goes by itself where nobody could tell it to.
      await user.sh('while pgrep -f "[m]ooring-guard" >/dev/null; do sleep 0.01; done');
    });
  });

  it('lets a program embed the library, which outside of it says what to do', async () => {
    const program = `
      import { Mooring } from '${SEEN_AT}/dist/bundle/index.js';
      const mooring = await Mooring.open();
      const { netns } = await mooring.up({ id: 'app', networks: 'none' });
      console.log(netns);
      await mooring.down('app');
      await mooring.close();`;
    const argv = [NODE, '--input-type=module', '-e', program];
    await user.unchanged(async () => {
      const outside = await user.run(argv);
      const inside = await user.mooring('unshare', '--', ...argv);

      expect(outside.stderr).toContain("code: 'rootless.outside'");
      expect(outside.stderr).toContain('run it by `mooring unshare -- …`');
      expect(inside).toMatchObject({ code: 0, stdout: '/run/netns/mooring-app\n', stderr: '' });
    });
  });

  it('refuses another state directory inside, and root', async () => {
    const inside = await user.mooring('unshare', '--', ...user.command('--root', '/tmp/x', 'ps'));
    const root = await user.host.mooring('unshare', '--', 'true');

    expect(inside.stderr).toMatch(
      /^Error: this is the private host of \/home\/tess\/.+ its own\n$/
    );
    expect(root.stderr).toMatch(/^Error: unshare is for users without root/);
  });
});

describe('what a private host needs and the host lacks', () => {
  const undo: string[] = [];
  afterEach(async () => {
    for (const script of undo.splice(0)) await user.sh(script);
  });

  const lacking = async (script: string, back: string): Promise<string> => {
    await user.sh(script);
    undo.push(back);
    return user.refused('up', 'web', '--network', 'none');
  };

  it('is said in one line with the remedy: subordinate ids', async () => {
    const file = '/home/etc/subuid';
    const line = await lacking(`cp ${file} /home/kept; : >${file}`, `cat /home/kept >${file}`);

    expect(line).toBe(
      `user ${NAME} has no range of subordinate user ids in /etc/subuid; to put it right: sudo usermod --add-subuids 100000-165535 ${NAME}`
    );
  });

  it('is said in one line with the remedy: newuidmap', async () => {
    const line = await lacking(
      'touch /home/none; mount --bind /home/none /usr/bin/newuidmap',
      'umount /usr/bin/newuidmap'
    );

    expect(line).toMatch(/^newuidmap is not in .+: sudo apt-get install uidmap$/);
  });

  it('is said in one line with the remedy: user namespaces', async () => {
    const path = '/proc/sys/user/max_user_namespaces';
    const line = await lacking(
      `echo 0 >/home/zero; mount --bind /home/zero ${path}`,
      `umount ${path}`
    );

    expect(line).toBe(
      'users may not make user namespaces: user.max_user_namespaces is 0; to put it right: sudo sysctl -w user.max_user_namespaces=15000'
    );
  });

  it('leaves nothing when making it fails', async () => {
    await user.unchanged(async () => {
      const line = await lacking(
        'mount --bind /usr/bin/false /usr/bin/newuidmap',
        'umount /usr/bin/newuidmap'
      );
      expect(line).toMatch(/^making user and mount namespaces: /);
      for (const script of undo.splice(0)) await user.sh(script);
    });
  });
});
