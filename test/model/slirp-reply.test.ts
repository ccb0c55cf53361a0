import { describe, expect, it } from 'vitest';
import { checkForward, type SlirpForward } from '../../src/model/slirp-forward.ts';
import { forwardIn, listIn, parseReply } from '../../src/model/slirp-reply.ts';

const forward: SlirpForward = {
  protocol: 'tcp',
  hostAddress: '0.0.0.0',
  hostPort: 8080,
  guestPort: 80
};

describe('a forward of slirp4netns', () => {
  it('is taken as it is', () => {
    expect(() => checkForward({ ...forward, guestAddress: '10.0.2.100' })).not.toThrow();
  });

  // Without a protocol the daemon crashes, and of 99999 it takes the low 16 bits.
  it.each([
    [{ protocol: undefined }, 'protocol undefined must be tcp or udp'],
    [{ protocol: 'sctp' }, 'protocol "sctp" must be tcp or udp'],
    [{ hostPort: 99_999 }, 'port 99999 must be 1 to 65535'],
    [{ hostPort: 0 }, 'port 0 must be 1 to 65535'],
    [{ guestPort: 80.5 }, 'port 80.5 must be 1 to 65535'],
    [{ hostAddress: '::1' }, '"::1" is not an IPv4 address'],
    [{ hostAddress: '' }, '"" is not an IPv4 address'],
    [{ guestAddress: 'web' }, '"web" is not an IPv4 address']
  ])('is refused with %j', (wrong, rule) => {
    expect(() => checkForward({ ...forward, ...wrong } as SlirpForward)).toThrow(
      expect.objectContaining({
        code: 'slirp.badForward',
        message: `forward of slirp4netns: ${rule}`
      })
    );
  });
});

describe('an answer of slirp4netns', () => {
  const entry =
    '{"id":1,"proto":"tcp","host_addr":"0.0.0.0","host_port":8080,"guest_addr":"10.0.2.100","guest_port":80}';

  it.each([
    ['as it answers', `{"entries":[${entry}]}`],
    ['as its manual has it', `{"return":{"entries":[${entry}]}}`]
  ])('lists forwards, %s', (_, text) => {
    expect(listIn(parseReply(text))).toEqual([{ ...forward, id: 1, guestAddress: '10.0.2.100' }]);
  });

  it('names the forward that was added', () => {
    expect(forwardIn(parseReply('{"return":{"id":7}}'), 'x')).toBe(7);
  });

  it('says what was wrong', () => {
    expect(() => parseReply('{"error":{"desc":"bad request: no"}}')).toThrow(
      'error from slirp4netns while setting up port redirection: bad request: no'
    );
  });

  it.each(['', 'junk', '[]', 'null', '{"error":null}'])('is refused when it is %j', (text) => {
    expect(() => parseReply(text)).toThrow(/understood|redirection/);
  });

  it.each(['{}', '{"return":{}}', '{"entries":[{"id":1}]}'])('is refused when it is %s', (text) => {
    expect(() => forwardIn(parseReply(text), 'x')).toThrow("can't be understood");
    expect(() => listIn(parseReply(text))).toThrow("can't be understood");
  });
});
