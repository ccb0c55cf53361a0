import { describe, expect, it } from 'vitest';
import type { Checked, Collected, Mooring } from '../../src/index.ts';
import { containerNotFound, mooring, viewOf } from './fake-deps.ts';

const amiss: Checked = {
  id: 'web',
  findings: [{ network: 'front', code: 'drift.link', text: 'interface eth0 is gone' }],
  unchecked: []
};

describe('check', () => {
  const check: Mooring['check'] = (id) => {
    if (id === 'nobody') return Promise.reject(containerNotFound(id));
    return Promise.resolve(id === 'web' ? amiss : { id, findings: [], unchecked: [] });
  };

  it('exits with 0 when all is there', async () => {
    expect(await mooring(['check', 'db'], { check })).toMatchObject({
      code: 0,
      out: 'db: ok\n',
      err: ''
    });
  });

  it('exits with 1 and says what is amiss', async () => {
    expect(await mooring(['check', 'db', 'web'], { check })).toMatchObject({
      code: 1,
      out: 'db: ok\nweb: interface eth0 is gone\n',
      err: ''
    });
  });

  it('exits with 125 when one could not be looked at, and looks at the others', async () => {
    expect(await mooring(['check', 'nobody', 'web'], { check })).toMatchObject({
      code: 125,
      out: 'web: interface eth0 is gone\n',
      err: 'Error: no container is named nobody\n'
    });
  });

  it('looks with --all at those that are up', async () => {
    const containers = [viewOf('db'), viewOf('kept', { state: 'defined' }), viewOf('web')];
    const list = () => Promise.resolve({ containers, unreadable: [] });

    const ran = await mooring(['check', '--all', '--format', 'json'], { check, list });

    expect(JSON.parse(ran.out)).toEqual([{ id: 'db', findings: [], unchecked: [] }, amiss]);
  });

  it.each([
    [['check'], 'name a container, or give --all'],
    [['check', '--all', 'web'], 'give containers or --all, not both']
  ])('refuses %j', async (argv, reason) => {
    expect(await mooring(argv)).toMatchObject({ code: 125, err: `Error: ${reason}\n`, opened: [] });
  });
});

describe('gc', () => {
  const lease = { kind: 'lease', owner: 'container/web', object: '/x/10.0.0.2' } as const;
  const netns = { kind: 'netns', owner: 'namespace/db', object: '/run/netns/mooring-db' } as const;
  const gcOf =
    (collected: Collected, seen: unknown[] = []): Mooring['gc'] =>
    (options) => {
      seen.push(options);
      return Promise.resolve(collected);
    };

  it('prints what is removed, and looks only when asked to', async () => {
    const seen: unknown[] = [];
    const gc = gcOf({ removed: [lease], kept: [] }, seen);

    expect(await mooring(['gc', '--dry-run'], { gc })).toMatchObject({
      code: 0,
      out: 'lease /x/10.0.0.2 of container web\n',
      err: ''
    });
    await mooring(['gc'], { gc });
    expect(seen).toEqual([{ dryRun: true }, { dryRun: false }]);
  });

  it('warns of what it leaves alone, and fails with what it could not remove', async () => {
    const unproven = { ...netns, failure: { code: 'gc.unproven', message: 'nobody knows' } };
    const failed = { ...lease, failure: { code: 'gc.EPERM', message: 'not permitted' } };

    expect(await mooring(['gc'], { gc: gcOf({ removed: [], kept: [unproven] }) })).toMatchObject({
      code: 0,
      err: 'Warning: netns /run/netns/mooring-db of namespace db: nobody knows\n'
    });
    expect(await mooring(['gc'], { gc: gcOf({ removed: [], kept: [failed] }) })).toMatchObject({
      code: 125,
      err: 'Error: lease /x/10.0.0.2 of container web: not permitted\n'
    });
  });
});
