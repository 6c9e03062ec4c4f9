import { connect, type Socket } from 'node:net';
import { authoritiesOf } from '../../lib/certificates.ts';
import { isoInstant } from '../../lib/instant.ts';
import { readSecretLines } from '../../lib/secret-file.ts';
import {
  type EventFacts,
  type EventSummary,
  MESSAGE_TYPES,
  type NotificationMessage,
  oneLine,
} from '../message.ts';
import { lookupFor, type NotificationTarget, RecipientRefused } from '../target.ts';
import type { EmailSettings } from '../target-settings.ts';

interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Plain text, so that nothing of it is drawn, loaded or clicked. */
function mailOf(message: NotificationMessage): Mail {
  const { id, kind, severity, title } = message;
  return {
    subject: title,
    text: `${textOf(message)}\n`,
    messageId: `<${id}@keyward.invalid>`,
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Keyward-Type': MESSAGE_TYPES[kind],
      ...(severity === 'critical' ? { Importance: 'high' } : {}),
    },
  };
}

function textOf(message: NotificationMessage): string {
  switch (message.kind) {
    case 'event':
      return eventText(message.data.event);
    case 'escalation':
      return `Nobody has acknowledged this event in time.\n\n${eventText(message.data.event)}`;
    case 'unstored': {
      const { event, retried } = message.data;
      return [
        'The database did not take this event when it was raised: it has no number, and nobody can acknowledge it.',
        retried
          ? 'Keyward tries again to record it. Once it is recorded, it comes again with its number.'
          : 'It is not recorded later.',
        '',
        factsText(event),
      ].join('\n');
    }
    case 'summary': {
      const { events, first_sequence, last_sequence, types } = message.data;
      return [
        `${events} more security events were raised than are told one by one, from ${first_sequence} to`,
        `${last_sequence}:`,
        '',
        ...types.map((type) => `  ${type}`),
        '',
        'To see them:',
        '',
        `  keyward event list --after ${last_sequence + 1}`,
      ].join('\n');
    }
    case 'heartbeat': {
      const next = isoInstant(message.data.next_at);
      return `Keyward runs, and its notifications reach you. The next of these messages is due at ${next}.`;
    }
    case 'test':
      return 'This is a test: security events that are routed here will reach you.';
  }
}

function eventText(event: EventSummary): string {
  const { sequence } = event;
  const text = factsText(event, [['number', String(sequence)]]);
  return `${text}\n\nTo take it up:  keyward event acknowledge ${sequence}`;
}

type Row = readonly [name: string, value: string];

function factsText(event: EventFacts, further: readonly Row[] = []): string {
  const { type, severity, subject, meaning, runbook, raised_at, evidence } = event;
  const rows: readonly Row[] = [
    ['event', type],
    ['severity', severity],
    ['about', subject],
    ['raised', isoInstant(raised_at)],
    ...further,
    ...Object.entries(evidence ?? {}).map(([name, value]) => [name, oneLine(JSON.stringify(value))] as const),
  ];
  return [
    meaning,
    '',
    ...rows.map(([name, value]) => `${name.padEnd(10)}  ${value}`),
    '',
    `What to do: ${runbook}`,
  ].join('\n');
}

/** A mail a message, by SMTP with TLS unless that is turned off. A new connection each time. */
export function createEmailTarget(name: string, settings: EmailSettings): NotificationTarget {
  const authorities = settings.tls.ca_file === undefined ? undefined : authoritiesOf(settings.tls.ca_file);
  return {
    name,
    type: 'email',
    async send(message, to = settings.to, signal) {
      const socket = await open(settings, signal);
      try {
        const transport = await transportOn(socket, settings, authorities);
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

async function transportOn(
  connection: Socket,
  { host, port, tls, user, password_file }: EmailSettings,
  authorities: (() => string) | undefined,
) {
  const [pass] = password_file === undefined ? [] : await readSecretLines(password_file);
  // Not at the top: most services start without a mail target.
  const { createTransport } = await import('nodemailer');
  const ca = authorities === undefined ? {} : { ca: authorities() };
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
