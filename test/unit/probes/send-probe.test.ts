import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createSendProbe } from '../../../src/probes/send.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { RECORDED_PARENT, recordingTracer } from '../../support/recording-tracer.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const send = createSendProbe({ loopback: true, deadlineMs: 10_000, ended: new AbortController().signal });

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
    seen.push([method, url, headers.authorization, Object.keys(headers).toSorted()]);
    response.writeHead(403);
    response.write('x'.repeat(1_000_000));
  });
  expect(await send(`http://localhost:${port}/probe?a=b`, 'a.b.c')).toEqual({ status: 403 });
  expect(seen).toEqual([
    ['GET', '/probe?a=b', 'Bearer a.b.c', ['accept', 'authorization', 'connection', 'host']],
  ]);
});

it('carries the trace that it is in, and tells it how it went', async () => {
  const parents: unknown[] = [];
  const port = await listening(({ headers }, response) => {
    parents.push(headers.traceparent);
    response.writeHead(401).end();
  });
  const { tracer, ended } = recordingTracer();
  const rules = { loopback: true, deadlineMs: 10_000, ended: new AbortController().signal, tracer };
  const traced = createSendProbe(rules);
  expect(await traced(`http://127.0.0.1:${port}/`, 'a.b.c')).toEqual({ status: 401 });
  const { failure } = (await traced(`https://127.0.0.1:${port}/`, 'a.b.c')) as { failure: string };
  expect(parents).toEqual([RECORDED_PARENT]);
  expect(ended).toEqual([
    { name: 'probe', attributes: { 'http.response.status_code': 401 }, error: undefined },
    { name: 'probe', attributes: {}, error: failure },
  ]);
});

it('says why there was no answer', async () => {
  const port = await listening(() => {});
  const impatient = createSendProbe({ loopback: true, deadlineMs: 100, ended: new AbortController().signal });
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
  const strict = createSendProbe({
    loopback: false,
    deadlineMs: 10_000,
    ended: new AbortController().signal,
  });
  expect(await strict(`http://${host}:${port}/`, 'a.b.c')).toHaveProperty('failure');
  expect(asked).toBe(0);
  expect(await send(`http://${host}:${port}/`, 'a.b.c')).toEqual({ status: 200 });
});

it('holds certificates against the authority that it is given', async () => {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  makeCertificates(folder.path);
  const read = (name: string) => readFileSync(join(folder.path, name), 'utf8');
  const server = createTlsServer(
    { cert: read('server.pem'), key: read('server.key') },
    (_request, response) => response.writeHead(204).end(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const under = (ca: string) =>
    createSendProbe({
      loopback: true,
      deadlineMs: 10_000,
      ended: new AbortController().signal,
      ca: () => ca,
    });
  expect(await under(read('server.pem'))(url, 'a.b.c')).toEqual({ status: 204 });
  expect(await under(read('foreign.pem'))(url, 'a.b.c')).toEqual({
    failure: 'it could not be asked (DEPTH_ZERO_SELF_SIGNED_CERT)',
  });
  expect(await send(url, 'a.b.c')).toEqual({
    failure: 'it could not be asked (DEPTH_ZERO_SELF_SIGNED_CERT)',
  });
});

it('gives up at once where nobody wants to know any more', async () => {
  const end = new AbortController();
  const port = await listening(() => end.abort());
  const ended = createSendProbe({ loopback: true, deadlineMs: 600_000, ended: end.signal });
  expect(await ended(`http://127.0.0.1:${port}/`, 'a.b.c')).toHaveProperty('failure');
});
