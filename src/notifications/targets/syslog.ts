import type { Severity } from '../../kernel/security-event-types.ts';
import { authoritiesOf } from '../../lib/certificates.ts';
import { createSyslogStream, type SyslogStream } from '../../lib/syslog-stream.ts';
import { type EventFacts, type EventSummary, MESSAGE_TYPES, type NotificationMessage } from '../message.ts';
import { lookupFor, type NotificationTarget } from '../target.ts';
import type { SyslogSettings } from '../target-settings.ts';

/** Of 0 to 10, as ArcSight's Common Event Format has it. */
const CEF_SEVERITY = { info: 3, warning: 6, critical: 10 } as const satisfies Record<Severity, number>;
const VERSION = '1';

type Field = readonly [key: string, value: string | number];

/** One line of CEF:0. */
export function cefOf(message: NotificationMessage): string {
  const [signature, name] = identityOf(message);
  const header = [
    'CEF:0',
    'Keyward',
    'Keyward',
    VERSION,
    signature,
    name,
    String(CEF_SEVERITY[message.severity]),
  ];
  const fields = fieldsOf(message).map(([key, value]) => `${key}=${cefValue(String(value))}`);
  return `${header.map((part, at) => (at === 0 ? part : cefHeader(part))).join('|')}|${fields.join(' ')}`;
}

/** In the header a bar and a backslash are escaped, and nothing ends the line. */
function cefHeader(text: string): string {
  return plain(text)
    .replace(/[\r\n]+/g, ' ')
    .replace(/[\\|]/g, '\\$&');
}

/** In a value an equals sign and a backslash are escaped, and line ends are written as `\n` and `\r`. */
function cefValue(text: string): string {
  return plain(text).replace(/[\\=]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}

/** Other control characters, and halves of characters, have no place on a line of text. */
function plain(text: string): string {
  return text.toWellFormed().replace(/(?![\r\n])[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ');
}

function identityOf(message: NotificationMessage): readonly [signature: string, name: string] {
  if ('event' in message.data) return [message.data.event.type, message.data.event.meaning];
  return [MESSAGE_TYPES[message.kind], message.title];
}

function fieldsOf(message: NotificationMessage): readonly Field[] {
  const common: readonly Field[] = [
    ['deviceExternalId', message.id],
    ['cat', MESSAGE_TYPES[message.kind]],
  ];
  switch (message.kind) {
    case 'event':
    case 'escalation':
    case 'unstored':
      return [...common, ...eventFields(message.data.event)];
    case 'summary':
      return [
        ...common,
        ['rt', message.at * 1_000],
        ['cnt', message.data.events],
        ['externalId', message.data.last_sequence],
        ['cs5Label', 'types'],
        ['cs5', message.data.types.join(' ')],
      ];
    case 'test':
    case 'heartbeat':
      return [...common, ['rt', message.at * 1_000]];
  }
}

function eventFields(event: EventFacts | EventSummary): readonly Field[] {
  const { subject, runbook, raised_at, evidence } = event;
  const isRecorded = 'sequence' in event;
  return [
    ['rt', raised_at * 1_000],
    ...(isRecorded ? [['externalId', event.sequence] as const] : []),
    ['cs1Label', 'subject'],
    ['cs1', subject],
    ['cs2Label', 'runbook'],
    ['cs2', runbook],
    ...(isRecorded
      ? ([
          ['cs3Label', 'state'],
          ['cs3', event.state],
        ] as const)
      : []),
    ...(evidence
      ? ([
          ['cs4Label', 'evidence'],
          ['cs4', JSON.stringify(evidence)],
        ] as const)
      : []),
  ];
}

/** Facility 4, security and authorization (RFC 5424 §6.2.1). */
const SECURITY = 4;
const SYSLOG_SEVERITY = { info: 6, warning: 4, critical: 2 } as const satisfies Record<Severity, number>;

/** CEF by syslog. A server confirms nothing: that the connection took the bytes is all that is known. */
export function createSyslogTarget(name: string, settings: SyslogSettings): NotificationTarget {
  const ca = settings.tls?.ca_file === undefined ? undefined : authoritiesOf(settings.tls.ca_file);
  let stream: SyslogStream | undefined;
  const reset = () => {
    const former = stream;
    stream = undefined;
    former?.reset();
  };
  return {
    name,
    type: 'syslog',
    async send(message, _to, signal) {
      signal.addEventListener('abort', reset, { once: true });
      try {
        stream ??= open(settings, ca);
        const { severity, kind } = message;
        const facts = { facility: SECURITY, severity: SYSLOG_SEVERITY[severity], id: MESSAGE_TYPES[kind] };
        await stream.write([{ ...facts, text: cefOf(message) }]);
        return undefined;
      } catch (error) {
        reset();
        throw error;
      } finally {
        signal.removeEventListener('abort', reset);
      }
    },
    close: reset,
  };
}

function open(
  { host, port, tls, allow_private }: SyslogSettings,
  ca: (() => string) | undefined,
): SyslogStream {
  const lookup = lookupFor({ host, allow_private });
  return createSyslogStream({
    host,
    port,
    ...(tls ? { tls: { ca } } : {}),
    ...lookup,
  });
}
