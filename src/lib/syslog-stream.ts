import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';

export interface SyslogAddress {
  readonly host: string;
  readonly port: number;
  /** PEM, at each connection, of the authorities that the server's certificate is held against; absent where TLS is off. */
  readonly tls?: { readonly ca: (() => string) | undefined };
  /** Instead of the system's resolver. */
  readonly lookup?: LookupFunction;
}

export interface SyslogMessage {
  /** RFC 5424 §6.2.1. */
  readonly facility: number;
  readonly severity: number;
  /** At most 32 printable ASCII characters. */
  readonly id: string;
  /** Without line ends. */
  readonly text: string;
}

export interface SyslogStream {
  write(messages: readonly SyslogMessage[]): Promise<void>;
  /** Gives up what hangs; the next write connects anew. */
  reset(): void;
}

/**
 * RFC 5424 over TCP or TLS with octet counting (RFC 6587 §3.4.1, RFC 5425). A syslog server confirms nothing: all
 * that is known is that the connection took the bytes.
 */
export function createSyslogStream(address: SyslogAddress): SyslogStream {
  let connection: Connection | undefined;
  const connected = () => {
    connection ??= open(address);
    return connection.ready;
  };
  const reset = () => {
    connection?.socket.destroy();
    connection = undefined;
  };
  return {
    async write(messages) {
      let socket = await connected();
      if (!socket.writable) {
        reset();
        socket = await connected();
      }
      await send(socket, messages.map(frame).join(''));
    },
    reset,
  };
}

interface Connection {
  readonly socket: Socket;
  /** Rejects where the socket is closed before, also by `reset`. */
  readonly ready: Promise<Socket>;
}

function open({ host, port, tls, lookup }: SyslogAddress): Connection {
  const { promise: ready, resolve, reject } = Promise.withResolvers<Socket>();
  const to = { host, port, ...(lookup ? { lookup } : {}) };
  const socket: Socket = tls
    ? connectTls({
        ...to,
        ...(isIP(host) ? {} : { servername: host }),
        ...(tls.ca === undefined ? {} : { ca: tls.ca() }),
      })
    : connectTcp(to);
  socket.once(tls ? 'secureConnect' : 'connect', () => resolve(socket));
  socket.once('error', reject);
  // Later ones reach whoever writes next.
  socket.on('error', () => socket.destroy());
  // Nothing is read, but the server's end of the connection shall be seen.
  socket.resume();
  socket.unref();
  socket.once('close', () => reject(ended()));
  // Whoever waits for it hears of it; with nobody waiting there is nobody to tell.
  ready.catch(() => {});
  return { socket, ready };
}

const ended = () => new Error('the connection ended');

function send(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(ended());
    socket.once('close', gone);
    socket.write(text, (error) => {
      socket.off('close', gone);
      if (error) reject(error);
      else resolve();
    });
  });
}

function frame({ facility, severity, id, text }: SyslogMessage): string {
  const time = new Date().toISOString();
  const priority = facility * 8 + severity;
  const message = `<${priority}>1 ${time} ${hostname()} keyward ${process.pid} ${id} - ${text}`;
  return `${Buffer.byteLength(message)} ${message}`;
}
