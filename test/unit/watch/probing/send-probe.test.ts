import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { createSendProbe } from '../../../../src/watch/probing/send-probe.ts';

const send = createSendProbe({ loopback: true, deadlineMs: 10_000 });

async function listening(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

it('sends the token as bearer, and takes the status alone of an answer without end', async () => {
  const seen: unknown[] = [];
  const port = await listening(({ method, url, headers }, response) => {
    seen.push([method, url, headers.authorization, headers['user-agent']]);
    response.writeHead(403);
    response.write('x'.repeat(1_000_000));
  });
  expect(await send(`http://localhost:${port}/probe?a=b`, 'a.b.c')).toEqual({ status: 403 });
  expect(seen).toEqual([['GET', '/probe?a=b', 'Bearer a.b.c', 'keyward-probe']]);
});

it('says why there was no answer', async () => {
  const port = await listening(() => {});
  const impatient = createSendProbe({ loopback: true, deadlineMs: 100 });
  expect(await impatient(`http://127.0.0.1:${port}/`, 'a.b.c')).toEqual({
    failure: 'it did not answer within 100 ms',
  });
  expect(await send(`https://127.0.0.1:${port}/`, 'a.b.c')).toEqual({
    failure: expect.stringMatching(/^it could not be asked \(E/),
  });
});

it('takes what is no HTTP for no answer', async () => {
  const server = createSocketServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  expect(await send(`http://127.0.0.1:${port}/`, 'a.b.c')).toEqual({
    failure: 'it could not be asked (HPE_INVALID_CONSTANT)',
  });
});

it.each(['127.0.0.1', 'localhost'])('sends nothing to loopback (%s) where that may not be', async (host) => {
  let asked = 0;
  const port = await listening((_request, response) => {
    asked += 1;
    response.end();
  });
  const strict = createSendProbe({ loopback: false, deadlineMs: 10_000 });
  expect(await strict(`http://${host}:${port}/`, 'a.b.c')).toHaveProperty('failure');
  expect(asked).toBe(0);
  expect(await send(`http://${host}:${port}/`, 'a.b.c')).toEqual({ status: 200 });
});
