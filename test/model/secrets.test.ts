import { describe, expect, it } from 'vitest';
import { HIDDEN, secretHider } from '../../src/model/secrets.ts';

const CANARY = 'c4nary-0f-the-mine';
const hiddenIn = (value: unknown) => secretHider().text(value);

describe('a secret is hidden', () => {
  it.each<[string, unknown]>([
    ['by the name of its field', { password: CANARY }],
    [
      'whatever stands around the name',
      { redisPasswd: CANARY, 'x-api-key': CANARY, APIKEY: CANARY }
    ],
    ['in an object or a list', { secrets: { a: CANARY, b: [CANARY] } }],
    ['as a pair of CNI_ARGS', { args: [['K8S_POD_TOKEN', CANARY]] }],
    ['in the text of CNI_ARGS', { CNI_ARGS: `IgnoreUnknown=1;VAULT_TOKEN=${CANARY}` }],
    ['in JSON within a text', { stdin: JSON.stringify({ ipam: { authorization: CANARY } }) }],
    ['in JSON that was cut off', { stdin: `{"type":"x","clientSecret":"${CANARY}","rou` }],
    ['as the password of a URL', { store: `redis://user:${CANARY}@10.0.0.1/0` }],
    ['after Bearer', { header: `Authorization is Bearer ${CANARY}` }],
    ['as a private key', { text: `-----BEGIN EC PRIVATE KEY-----\n${CANARY}` }],
    ['in another text, once it is known', { password: CANARY, stderr: `refused ${CANARY}, bye` }],
    ['in a text before the one that tells', { stderr: `refused ${CANARY}`, password: CANARY }],
    ['in a nested label', { labels: { 'com.example.secret': CANARY } }]
  ])('%s', (_, value) => {
    const text = hiddenIn(value);

    expect(text).not.toContain(CANARY);
    expect(text).toContain(HIDDEN);
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });

  it('in what comes later, too', () => {
    const hider = secretHider();
    hider.text({ password: CANARY });

    expect(hider.text({ stderr: `what is ${CANARY}?` })).not.toContain(CANARY);
  });
});

describe('nothing else is', () => {
  it.each<[string, unknown]>([
    ['a fencing token', { token: 7, event: { type: 'container.up' } }],
    ['an ordinary record', { key: 'container/web', value: { creating: 'holding' }, tookMs: 1.5 }],
    ['a URL without a password', { url: 'http://127.0.0.1:80/x@y' }],
    ['absent ones', { password: null }]
  ])('%s', (_, value) => {
    expect(JSON.parse(hiddenIn(value))).toEqual(value);
  });
});
