import { describe, expect, it } from 'vitest';
import { MOORING, useSandbox } from '../sandbox/sandbox.ts';
import { PASS_ON, useChain } from './chain.fixture.ts';
import { refusalOf } from './host.fixture.ts';

const sandbox = useSandbox();
const chain = useChain(sandbox);
const { double } = chain;

const UP = ['up', 'web', '--network', 'front'];
const argvOf = (...args: readonly string[]) => [process.execPath, MOORING, ...chain.dirs, ...args];

describe('an interrupted up', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143]
  ] as const)('takes down what it began, and ends as %s asks', async (signal, code) => {
    await chain.unchanged(async () => {
      const [begun, go] = [`${double.root}/begun`, `${double.root}/go`];
      await chain.sh(`mkfifo ${begun} ${go}`);
      double.on('guard', 'ADD', `echo >${begun}; cat ${go}; ${PASS_ON}`);
      const up = await sandbox.start(argvOf(...UP));
      await chain.sh(`cat ${begun}`);
      await up.kill(signal);
      await chain.sh(`echo >${go}; rm ${begun} ${go}`);
      const ran = await up.done;
      const known = await chain.ok('ps', '--quiet');

      expect(ran).toMatchObject({ code, stdout: '' });
      expect(refusalOf(ran).reason).toBe(`interrupted by ${signal}`);
      expect(known).toBe('');
    });
  });
});

describe('the history', () => {
  it('of a container is told while it is up and after it is gone', async () => {
    await chain.unchanged(async () => {
      await chain.ok(...UP);
      const before = await chain.ok('journal', 'export', 'web');
      const events = await chain.ok('events', '--filter', 'container=web');
      const raw = await chain.ok('events', '--raw', '--filter', 'container=web');
      await chain.ok('down', 'web');
      const after = await chain.ok('journal', 'export', 'web');

      const own = (text: string) =>
        text.split('\n').filter((line) => line.includes('"key":"container/web"'));
      const types = (text: string) =>
        own(text).map((line) => (JSON.parse(line) as Journalled).event.type);
      expect(types(before)[0]).toBe('container.up');
      expect(types(before)).toContain('attachment.added');
      expect(own(after).slice(0, own(before).length)).toEqual(own(before));
      expect(types(after)).toContain('attachment.deleted');
      expect(events).toMatch(/ network connect web \(container=web, name=front\)/);
      expect(events).toMatch(/ container up web /);
      expect(raw).toMatch(/ container\/web container\.up/);
      expect(raw).toMatch(/ network\/front network\.hold web$/m);
    });
  });

  it('replays as it was recorded, and is taken by another root byte for byte', async () => {
    await chain.unchanged(async () => {
      await chain.ok(...UP);
      await chain.ok('down', 'web');
      const exported = await chain.ok('journal', 'export', 'web');
      await chain.sh(`cat >/run/web.jsonl <<'END'\n${exported}\nEND`);
      const replayed = await chain.ok('replay', '--strict', '/run/web.jsonl');
      const elsewhere = ['--root', '/run/elsewhere'];
      const imported = await chain.ok(...elsewhere, 'journal', 'import', '/run/web.jsonl');
      const again = await chain.ok(...elsewhere, 'journal', 'export', 'web');
      const twice = await chain.refused(...elsewhere, 'journal', 'import', '/run/web.jsonl');
      await chain.sh('rm -r /run/web.jsonl /run/elsewhere');

      expect(replayed).toMatch(/^\/run\/web\.jsonl: identical: /);
      expect(imported).toBe('container/web\nnamespace/web');
      expect(again).toBe(exported);
      expect(twice).toMatchObject({
        code: 125,
        reason: expect.stringContaining('container/web has a journal here')
      });
    });
  });

  it('is followed by another process while it happens, which ends when its reader does', async () => {
    await chain.unchanged(async () => {
      const follower = await sandbox.start(argvOf('events', '--raw', '--follow'));
      await chain.sh(
        `until ls -l /proc/${follower.pid}/fd 2>/dev/null | grep -q inotify; do :; done`
      );
      await chain.ok(...UP);
      await chain.ok('down', 'web');
      const line = await follower.line(/container\/web attachment\.deleted/);
      await follower.kill('SIGINT');
      const head = `${argvOf('journal', 'export', 'web').join(' ')} | head -n 1`;
      const piped = await sandbox.run(['sh', '-c', head]);

      expect(line).toContain('front');
      expect(await follower.done).toMatchObject({ code: 0, stderr: '' });
      expect(piped).toMatchObject({ code: 0, stderr: '' });
      expect(piped.stdout.split('\n')).toHaveLength(2);
    });
  });
});

describe('recover and doctor', () => {
  it('recover has nothing to do when nothing died, and takes up what is stuck', async () => {
    await chain.unchanged(async () => {
      await chain.ok(...UP);
      const idle = await chain.ok('recover');
      chain.uninstall();
      await chain.refused('down', 'web');
      const stuck = await chain.mooring('recover');
      chain.heal();
      const mended = await chain.ok('recover');
      const left = await chain.ok('ps', '--quiet');

      expect(idle).toBe('');
      expect(stuck).toMatchObject({ code: 125, stdout: expect.stringMatching(/^web: stuck/) });
      expect(mended).toMatch(/web/);
      expect(left).toBe('');
    });
  });

  it('doctor names what is missing and the command that gets it, and changes nothing', async () => {
    await chain.unchanged(async () => {
      const well = await chain.ok('doctor');
      const { code, stdout } = await sandbox.mooring('--cni-plugin-dir', '/nowhere', 'doctor');

      expect(well).toMatch(/^CNI plugin bridge +found +\/usr\/lib\/cni\/bridge/m);
      expect(code).not.toBe(0);
      expect(stdout).toMatch(/^CNI plugin bridge +missing .*apt-get install/m);
    });
  });
});

describe('two state directories', () => {
  it('know nothing of each other and share the host', async () => {
    await chain.unchanged(async () => {
      const other = ['--root', '/run/other-root'];
      await chain.ok(...UP);
      const path = await chain.ok(...other, 'up', 'db', '--network', 'front');
      const addresses = await chain.sh('ls /var/lib/cni/networks/front | grep -c ^10');
      const ids = await chain.ok(...other, 'ps', '--quiet');
      const unknown = await chain.refused(...other, 'down', 'web');
      await chain.ok(...other, 'down', 'db');
      const left = await chain.ok('ps', '--quiet');
      await chain.ok('down', 'web');
      await chain.sh('rm -r /run/other-root');

      expect(path).toMatch(/^\/run\/netns\/mooring\.[0-9a-f]{8}-db$/);
      expect(unknown.reason).toBe('no container is named web');
      expect([addresses, ids, left]).toEqual(['2', 'db', 'web']);
    });
  });
});

interface Journalled {
  readonly event: { readonly type: string };
}
