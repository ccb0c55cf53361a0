import { createServer } from 'node:net';

/**
 * Does what `control.fixture.ts` tells it: one request a connection, `{ op, … }`, answered by
 * `{ value }` or by what was thrown, `{ code, message }`.
 */
export function serveControl(directory, requests) {
  const control = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.on('data', (data) => (text += data));
    socket.on('end', async () => {
      const { op, ...rest } = JSON.parse(text);
      try {
        socket.end(JSON.stringify({ value: (await requests[op](rest)) ?? null }));
      } catch ({ code = 'none', message }) {
        socket.end(JSON.stringify({ code, message }));
      }
    });
  });
  return control.listen(`${directory}/control`, () => console.log('ready'));
}
