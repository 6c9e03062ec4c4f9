import { connect as connectTcp, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import type { AuditSink, SinkEntry } from '../../domain/audit-sink.ts';
import { writeSinkLine } from '../sink-line.ts';

export interface SyslogAddress {
  readonly host: string;
  readonly port: number;
  /** PEM of the authorities that the server's certificate is held against; absent where TLS is off. */
  readonly tls?: { readonly ca: string | undefined };
}

/** Facility 13, log audit; severity 5, notice (RFC 5424 §6.2.1). */
const PRIORITY = 13 * 8 + 5;

/**
 * RFC 5424 over TCP or TLS with octet counting (RFC 6587 §3.4.1, RFC 5425). A syslog server confirms nothing: all
 * that is known is that the connection took the bytes. It cannot be read back.
 */
export function createSyslogSink(address: SyslogAddress): AuditSink {
  let connection: Promise<Socket> | undefined;
  const connected = () => {
    connection ??= open(address);
    return connection;
  };
  const reset = () => {
    const former = connection;
    connection = undefined;
    former?.then((socket) => socket.destroy()).catch(() => {});
  };
  return {
    name: `syslog:${address.host}:${address.port}`,
    tail: async () => undefined,
    history: () => undefined,
    async write(entries) {
      let socket = await connected();
      if (!socket.writable) {
        reset();
        socket = await connected();
      }
      await send(socket, entries.map(frame).join(''));
    },
    reset,
  };
}

function open({ host, port, tls }: SyslogAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket: Socket = tls
      ? connectTls({ host, port, servername: host, ...(tls.ca === undefined ? {} : { ca: tls.ca }) })
      : connectTcp({ host, port });
    socket.once(tls ? 'secureConnect' : 'connect', () => resolve(socket));
    socket.once('error', reject);
    // Later ones reach whoever writes next.
    socket.on('error', () => socket.destroy());
    // Nothing is read, but the server's end of the connection shall be seen.
    socket.resume();
    socket.unref();
  });
}

function send(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('the connection ended'));
    socket.once('close', gone);
    socket.write(text, (error) => {
      socket.off('close', gone);
      if (error) reject(error);
      else resolve();
    });
  });
}

function frame(entry: SinkEntry): string {
  const time = new Date().toISOString();
  const message = `<${PRIORITY}>1 ${time} ${hostname()} keyward ${process.pid} ${entry.kind} - ${writeSinkLine(entry)}`;
  return `${Buffer.byteLength(message)} ${message}`;
}
