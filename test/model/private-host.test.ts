import { describe, expect, it } from 'vitest';
import { parsePrivateHost } from '../../src/model/private-host.ts';

describe('parsePrivateHost', () => {
  const host = {
    id: '00ff',
    root: '/home/tess/.local/share/mooring',
    store: 'embedded',
    confDir: '/home/tess/.config/cni/net.d',
    runDir: '/run/user/1000/mooring'
  };

  it('reads what was written, and is not confused by more', () => {
    expect(parsePrivateHost(JSON.stringify({ ...host, later: 1 }))).toEqual(host);
  });

  it.each(['', 'null', '{"id":"00ff"}', '{"id":'])('takes %j for no record', (text) => {
    expect(parsePrivateHost(text)).toBeUndefined();
  });
});
