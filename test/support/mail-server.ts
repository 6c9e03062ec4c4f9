import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { onTestFinished } from 'vitest';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly secure: boolean;
  readonly user: string | undefined;
  readonly text: string;
}

interface MailServer {
  /** With `server.pem` and `server.key`. */
  readonly certificates: string;
  readonly credentials?: { readonly user: string; readonly pass: string };
  readonly refused?: readonly string[];
  readonly implicitTls?: boolean;
}

/** A real SMTP server on loopback that keeps what it gets. */
export async function receiveMail(options: MailServer) {
  const { certificates, credentials, refused = [], implicitTls = false } = options;
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    key: readFileSync(join(certificates, 'server.key')),
    cert: readFileSync(join(certificates, 'server.pem')),
    secure: implicitTls,
    authOptional: credentials === undefined,
    onAuth({ username, password }, _session, done) {
      const good = username === credentials?.user && password === credentials?.pass;
      if (good) done(null, { user: username });
      else done(new Error('wrong'));
    },
    onRcptTo({ address }, _session, done) {
      done(refused.includes(address) ? new Error(`no mailbox ${address}`) : null);
    },
    onData(stream, session, done) {
      let text = '';
      stream.setEncoding('utf8');
      stream.on('data', (chunk) => {
        text += chunk;
      });
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          secure: session.secure,
          user: session.user ? String(session.user) : undefined,
          text: unquoted(text),
        });
        done(null);
      });
    },
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return { received, port: (server.server.address() as AddressInfo).port };
}

/** Without the soft line ends and escapes of quoted-printable (RFC 2045 §6.7). */
function unquoted(text: string): string {
  return text
    .replaceAll('=\r\n', '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
