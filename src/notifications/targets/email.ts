import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import { lookupFor } from '../../watch/notifications/guarded-address.ts';
import { mailOf } from '../../watch/notifications/mail.ts';
import { readSecretLines } from '../../watch/notifications/secret-file.ts';
import type { EmailSettings } from '../target-settings.ts';
import { type NotificationTarget, RecipientRefused } from '../target.ts';

/** A mail a message, by SMTP with TLS unless that is turned off. A new connection each time. */
export function createEmailTarget(name: string, settings: EmailSettings): NotificationTarget {
  return {
    name,
    type: 'email',
    async send(message, to = settings.to, signal) {
      const socket = await open(settings, signal);
      try {
        const transport = await transportOn(socket, settings);
        const mail = { ...mailOf(message), from: settings.from, to: [...to], signal };
        const { rejected } = await transport.sendMail(mail);
        return rejected.length === 0
          ? undefined
          : `${rejected.length} of ${to.length} recipients were refused`;
      } catch (error) {
        throw isOfRecipients(error) ? new RecipientRefused('all recipients are refused') : error;
      } finally {
        socket.destroy();
      }
    },
    close() {},
  };
}

async function transportOn(connection: Socket, { host, port, tls, user, password_file }: EmailSettings) {
  const [pass] = password_file === undefined ? [] : await readSecretLines(password_file);
  const ca = tls.ca_file === undefined ? {} : { ca: await readFile(tls.ca_file) };
  return createTransport({
    host,
    port,
    secure: tls.mode === 'implicit',
    requireTLS: tls.mode === 'starttls',
    ignoreTLS: tls.mode === 'off',
    tls: ca,
    ...(user === undefined || pass === undefined ? {} : { auth: { user, pass }, forceAuth: true }),
    // Connected to an address that was looked at, and not by the library.
    getSocket: (_options, done) => done(null, { connection }),
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
  });
}

function open({ host, port, allow_private }: EmailSettings, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ...lookupFor({ host, allow_private }) });
    signal.addEventListener('abort', () => socket.destroy(new Error('cut off')), { once: true });
    socket.once('connect', () => resolve(socket));
    // Stays: an error may come while nobody else listens yet, or any more.
    socket.on('error', reject);
  });
}

function isOfRecipients(error: unknown): boolean {
  const { code, command } = error as { readonly code?: unknown; readonly command?: unknown };
  return code === 'EENVELOPE' && command === 'RCPT TO';
}
