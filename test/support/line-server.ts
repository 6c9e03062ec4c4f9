import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';

/** A TCP server on loopback, with TLS where it is given a certificate, that keeps what it hears. */
export async function listenForLines(tls?: { readonly cert: Buffer; readonly key: Buffer }) {
  const sockets: Socket[] = [];
  let heard = Buffer.alloc(0);
  const take = (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      server.emit('heard');
    });
  };
  const server: Server = tls ? createTlsServer(tls, take) : createServer(take);
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  onTestFinished(close);
  return { server, sockets, close, heard: () => heard, port: (server.address() as AddressInfo).port };
}

/** What RFC 6587 §3.4.1 frames by its bytes; what is cut short is left out. */
export function framesIn(bytes: Buffer): string[] {
  const frames: string[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const space = rest.indexOf(' ');
    const length = Number(rest.subarray(0, space).toString());
    if (space < 1 || rest.length < space + 1 + length) break;
    frames.push(rest.subarray(space + 1, space + 1 + length).toString());
    rest = rest.subarray(space + 1 + length);
  }
  return frames;
}
