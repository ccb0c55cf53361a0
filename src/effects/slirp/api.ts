import { connect } from 'node:net';
import { MooringError, oneLine } from '../../model/failure.ts';
import type { JsonObject } from '../../model/json.ts';
import { badForward, checkForward } from '../../model/slirp-forward.ts';
import { forwardIn, listIn, parseReply } from '../../model/slirp-reply.ts';
import type { SlirpApi } from './slirp.ts';

export interface SlirpApiOptions {
  /** Of each request, from its connection to the end of the answer. */
  readonly timeoutMs: number;
}

/** slirp4netns reads once, at most so much. */
const REQUEST_MAX_BYTES = 4_095;
const REPLY_MAX_BYTES = 4 * 1024 * 1024;

/**
 * A client of the API socket at `path`.
 *
 * slirp4netns does nothing else from when somebody connects until the request has come, and takes
 * what it is told for granted (without a protocol it crashes): so requests are checked here, go out in one
 * write as soon as the connection stands, and wait for each other.
 */
export function slirpApi(path: string, { timeoutMs }: SlirpApiOptions): SlirpApi {
  let last: Promise<unknown> = Promise.resolve();
  const ask = (execute: string, args?: JsonObject): Promise<JsonObject> => {
    const request = `${JSON.stringify({ execute, ...(args && { arguments: args }) })}\n`;
    if (Buffer.byteLength(request) > REQUEST_MAX_BYTES) {
      return Promise.reject(badForward('the request is too long'));
    }
    const turn = last.then(async () => parseReply(await exchange(path, request, timeoutMs)));
    last = turn.catch(() => undefined);
    return turn;
  };

  return {
    async addForward(forward) {
      checkForward(forward);
      const { protocol, hostAddress, hostPort, guestAddress, guestPort } = forward;
      const reply = await ask('add_hostfwd', {
        proto: protocol,
        host_addr: hostAddress,
        host_port: hostPort,
        ...(guestAddress !== undefined && { guest_addr: guestAddress }),
        guest_port: guestPort
      });
      return forwardIn(reply, `${hostAddress}:${hostPort}/${protocol}`);
    },
    async listForwards() {
      return listIn(await ask('list_hostfwd'));
    },
    async removeForward(id) {
      if (!Number.isInteger(id)) throw badForward(`${id} is no id of a forward`);
      await ask('remove_hostfwd', { id });
    }
  };
}

/** One connection: writes once, reads to the end. */
function exchange(path: string, request: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const fail = (code: string, why: string) => {
      socket.destroy();
      reject(new MooringError(code, `API socket ${path} of slirp4netns: ${oneLine(why)}`));
    };
    const late = setTimeout(() => {
      fail('slirp.apiTimedOut', `no answer after ${timeoutMs} ms`);
    }, timeoutMs);
    let reply = '';
    socket.setEncoding('utf8');
    socket.once('connect', () => socket.end(request));
    socket.on('data', (text: string) => {
      reply += text;
      if (reply.length > REPLY_MAX_BYTES) fail('slirp.apiFailed', 'the answer is too long');
    });
    socket.once('end', () => resolve(reply));
    socket.once('error', (error) => fail('slirp.apiFailed', error.message));
    socket.once('close', () => {
      clearTimeout(late);
      fail('slirp.apiFailed', 'it closed without an answer');
    });
  });
}
