import { describe, expect, it } from 'vitest';
import type { Finding, Mooring } from '../../src/index.ts';
import { mooring, type FakeLibrary } from './fake-deps.ts';

const failure = { code: 'cni.11', message: 'busy' };

describe('recover', () => {
  it('says how each container rests', async () => {
    const recover: Mooring['recover'] = () =>
      Promise.resolve([
        { id: 'a', state: 'up' },
        { id: 'web', state: 'failed', failure }
      ]);

    const ran = await mooring(['recover'], { recover });

    expect(ran).toMatchObject({ code: 0, out: 'a: up\nweb: failed (busy)\n', err: '' });
  });

  it('fails when one could not be brought to rest, or left something behind', async () => {
    const never: Mooring['recover'] = () => Promise.resolve([{ id: 'a', failure }]);
    const stuck: Mooring['recover'] = () => Promise.resolve([{ id: 'a', state: 'stuck', failure }]);

    expect(await mooring(['recover'], { recover: never })).toMatchObject({
      code: 125,
      out: '',
      err: 'Error: a: busy\n'
    });
    expect(await mooring(['recover'], { recover: stuck })).toMatchObject({
      code: 125,
      out: 'a: stuck (busy)\n'
    });
  });

  it('prints JSON', async () => {
    const recover: Mooring['recover'] = () => Promise.resolve([{ id: 'a', state: 'up' }]);

    const ran = await mooring(['recover', '--format', 'json'], { recover });

    expect(JSON.parse(ran.out)).toEqual([{ id: 'a', state: 'up' }]);
  });
});

describe('doctor', () => {
  const found: Finding = { need: 'nft', found: true, detail: '/usr/sbin/nft', required: false };
  const optional: Finding = {
    need: 'nsenter',
    found: false,
    detail: 'not found',
    remedy: 'apt-get install util-linux',
    required: false
  };

  it('prints what is found and what gets the rest', async () => {
    const ran = await mooring(['doctor'], doctorSays(found, optional));

    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toBe(
      [
        'NEED     STATUS   DETAIL         GET IT WITH',
        'nft      found    /usr/sbin/nft',
        'nsenter  missing  not found      apt-get install util-linux',
        ''
      ].join('\n')
    );
  });

  it('fails when a required thing is missing', async () => {
    const ran = await mooring(['doctor'], doctorSays(found, { ...optional, required: true }));

    expect(ran.code).toBe(125);
  });

  it('prints JSON', async () => {
    const ran = await mooring(['doctor', '--format', 'json'], doctorSays(found));

    expect(JSON.parse(ran.out)).toEqual([found]);
  });
});

function doctorSays(...findings: readonly Finding[]): FakeLibrary {
  return { doctor: () => Promise.resolve(findings) };
}
