import { describe, expect, it } from 'vitest';
import { withEntry, withoutEntry } from '../../src/model/aardvark.ts';

const web = { container: 'web', addresses: ['10.0.0.2', 'fd00::2'], names: ['web', 'w1'] };
const db = { container: 'db', addresses: ['10.0.0.3', '10.0.0.4'], names: ['db'] };

describe('a network’s file', () => {
  it('holds where to listen and a line for each container', () => {
    const one = withEntry('', ['10.0.0.1', 'fd00::1'], web);
    const two = withEntry(one, ['10.0.0.1', 'fd00::1'], db);

    expect(one).toBe('10.0.0.1,fd00::1\nweb 10.0.0.2 fd00::2 web,w1\n');
    expect(two).toBe(`${one}db 10.0.0.3,10.0.0.4  db\n`);
  });

  it('has the servers that a container asked for, of those that the server can read', () => {
    const asking = { ...web, servers: ['10.9.9.9', 'fe80::1%eth0', 'fd00::53'] };

    expect(withEntry('', ['10.0.0.1'], asking)).toBe(
      '10.0.0.1\nweb 10.0.0.2 fd00::2 web,w1 10.9.9.9,fd00::53\n'
    );
    expect(withEntry('', ['10.0.0.1'], { ...web, servers: ['fe80::1%eth0'] })).toBe(
      '10.0.0.1\nweb 10.0.0.2 fd00::2 web,w1\n'
    );
  });

  it('has one line of a container, of its latest entry', () => {
    const both = withEntry(withEntry('', ['10.0.0.1'], web), ['10.0.0.1'], db);

    expect(withEntry(both, ['10.0.9.1'], { ...web, names: ['web'] })).toBe(
      '10.0.9.1\ndb 10.0.0.3,10.0.0.4  db\nweb 10.0.0.2 fd00::2 web\n'
    );
  });

  it('loses exactly the container, and is empty after the last', () => {
    const near = { ...web, container: 'web-2' };
    const both = withEntry(withEntry('', ['10.0.0.1'], web), ['10.0.0.1'], near);
    const left = withoutEntry(both, 'web');

    expect(left).toBe('10.0.0.1\nweb-2 10.0.0.2 fd00::2 web,w1\n');
    expect(withoutEntry(left, 'web')).toBe(left);
    expect(withoutEntry(left, 'web-2')).toBe('');
    expect(withoutEntry('', 'web')).toBe('');
  });
});
