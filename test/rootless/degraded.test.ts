import { beforeAll, describe, expect, it } from 'vitest';
import { useUser } from '../sandbox/user.ts';

const user = useUser();

interface State {
  readonly Status: string;
  readonly Failure: { readonly Message: string } | null;
}

async function stateOf(id: string): Promise<State> {
  const [found] = JSON.parse(await user.ok('inspect', id)) as [{ readonly State: State }];
  return found.State;
}

/** Waits until a container is in a state, which the journal says it will be. */
async function until(id: string, status: string): Promise<State> {
  for (;;) {
    const state = await stateOf(id);
    if (state.Status === status) return state;
  }
}

/** In place of the program, one that fails to start while a file is there. */
const REPLACE = `
cp /usr/bin/slirp4netns /home/real
printf '#!/bin/sh\\n[ ! -e /home/broken ] || exit 1\\nexec /home/real "$@"\\n' >/home/slirp4netns
chmod 755 /home/slirp4netns; mount --bind /home/slirp4netns /usr/bin/slirp4netns`;
const BREAK = 'touch /home/broken; pkill -KILL -x real';
const MEND = 'rm /home/broken';

beforeAll(async () => {
  await user.sh(REPLACE);
  await user.ok('network', 'create', 'front');
});

describe('a way out that is lost and does not come back', () => {
  it('makes its containers degraded with the reason, until it is there again', async () => {
    await user.unchanged(async () => {
      await user.ok('up', 'bridged', '--network', 'front');
      await user.ok('up', 'single', '--network', 'slirp4netns');
      await user.ok('up', 'alone', '--network', 'none');
      await user.sh(BREAK);
      const reasons = [await until('bridged', 'degraded'), await until('single', 'degraded')];
      const alone = await stateOf('alone');
      const refused = await user.refused('up', 'late', '--network', 'front');
      await user.sh(MEND);
      await user.ok('network', 'reload', 'bridged');
      await user.ok('network', 'reload', 'single');
      const after = [await stateOf('bridged'), await stateOf('single')];
      await user.ok('down', 'bridged', 'single', 'alone', 'late');

      for (const { Failure } of reasons) expect(Failure?.Message).toContain('slirp4netns');
      expect(alone).toMatchObject({ Status: 'up', Failure: null });
      expect(refused).toContain('slirp4netns');
      for (const state of after) expect(state).toMatchObject({ Status: 'up', Failure: null });
    });
  });

  it('is told to all that share it by the first that has it again', async () => {
    await user.unchanged(async () => {
      await user.ok('up', 'one', '--network', 'front');
      await user.ok('up', 'two', '--network', 'front');
      await user.sh(BREAK);
      await until('one', 'degraded');
      await until('two', 'degraded');
      await user.sh(MEND);
      await user.ok('network', 'reload', 'one');
      await until('two', 'up');
      await user.ok('down', '--all');
    });
  });
});
