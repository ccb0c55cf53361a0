import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { slirpApi } from '../../../src/effects/slirp/api.ts';

const forward = { protocol: 'tcp', hostAddress: '0.0.0.0', hostPort: 8080, guestPort: 80 } as const;
const cleanups: (() => void)[] = [];
afterEach(() => cleanups.splice(0).forEach((clean) => clean()));

/** A slirp4netns that answers as told; it notes what each connection wrote at once. */
async function daemon(answer: (request: string, socket: Socket) => void) {
  const directory = mkdtempSync(join(tmpdir(), 'mooring-api-'));
  const path = join(directory, 'api');
  const requests: string[] = [];
  let open = 0;
  let mostOpen = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    mostOpen = Math.max(mostOpen, (open += 1));
    socket.on('close', () => (open -= 1)).on('error', () => undefined);
    socket.once('data', (data) => {
      requests.push(data.toString());
      answer(data.toString(), socket);
    });
  }).listen(path);
  await once(server, 'listening');
  cleanups.push(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  return { path, requests, mostOpen: () => mostOpen };
}

describe('the API socket of slirp4netns', () => {
  it('is told everything in one write, by one client at a time', async () => {
    let id = 0;
    const { path, requests, mostOpen } = await daemon((_, socket) => {
      setImmediate(() => socket.end(`{"return":{"id":${(id += 1)}}}`));
    });
    const api = slirpApi(path, { timeoutMs: 5_000 });

    const ids = await Promise.all(
      [1, 2, 3].map((port) => api.addForward({ ...forward, hostPort: port }))
    );

    expect(ids).toEqual([1, 2, 3]);
    expect(mostOpen()).toBe(1);
    expect(requests.map((text) => JSON.parse(text) as unknown)[0]).toEqual({
      execute: 'add_hostfwd',
      arguments: { proto: 'tcp', host_addr: '0.0.0.0', host_port: 1, guest_port: 80 }
    });
  });

  it('is not even connected to for what would crash it', async () => {
    const { path, requests } = await daemon(() => undefined);
    const api = slirpApi(path, { timeoutMs: 5_000 });

    await expect(api.addForward({ ...forward, protocol: 'x' as 'tcp' })).rejects.toMatchObject({
      code: 'slirp.badForward'
    });
    await expect(api.removeForward(Number.NaN)).rejects.toMatchObject({ code: 'slirp.badForward' });
    expect(requests).toEqual([]);
  });

  it('is given up when it does not answer, and the next request has its turn', async () => {
    let isDumb = true;
    const { path } = await daemon((_, socket) => {
      if (!isDumb) socket.end('{"entries":[]}');
    });
    const api = slirpApi(path, { timeoutMs: 1_000 });

    await expect(api.addForward(forward)).rejects.toMatchObject({ code: 'slirp.apiTimedOut' });
    isDumb = false;
    await expect(api.listForwards()).resolves.toEqual([]);
  });

  it.each([
    ['closes without an answer', (socket: Socket) => socket.destroy(), 'slirp.apiFailed'],
    ['answers half', (socket: Socket) => socket.end('{"return":'), 'slirp.apiFailed'],
    [
      'says no',
      (socket: Socket) => socket.end('{"error":{"desc":"bad request: x"}}'),
      'slirp.forwardFailed'
    ]
  ])('has failed when it %s', async (_, answer, code) => {
    const { path } = await daemon((__, socket) => answer(socket));

    await expect(slirpApi(path, { timeoutMs: 5_000 }).addForward(forward)).rejects.toMatchObject({
      code
    });
  });

  it('says so when nobody is there', async () => {
    await expect(
      slirpApi('/nonexistent/api', { timeoutMs: 5_000 }).listForwards()
    ).rejects.toMatchObject({ code: 'slirp.apiFailed' });
  });
});
