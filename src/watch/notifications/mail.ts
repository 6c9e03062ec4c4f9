import { MESSAGE_TYPES, type NotificationMessage, type ToldEvent } from '../../notifications/message.ts';
import { oneLine } from './one-line.ts';

export interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Plain text, so that nothing of it is drawn, loaded or clicked. */
export function mailOf(message: NotificationMessage): Mail {
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
        `  keyward event list --before ${last_sequence + 1}`,
      ].join('\n');
    }
    case 'heartbeat': {
      const next = new Date(message.data.next_at * 1_000).toISOString();
      return `Keyward runs, and its notifications reach you. The next of these messages is due at ${next}.`;
    }
    case 'test':
      return 'This is a test: security events that are routed here will reach you.';
  }
}

function eventText(event: ToldEvent): string {
  const { sequence, type, severity, subject, meaning, runbook, raised_at, evidence } = event;
  const rows: readonly (readonly [string, string])[] = [
    ['event', type],
    ['severity', severity],
    ['about', subject],
    ['raised', new Date(raised_at * 1_000).toISOString()],
    ['number', String(sequence)],
    ...Object.entries(evidence ?? {}).map(([name, value]) => [name, oneLine(JSON.stringify(value))] as const),
  ];
  return [
    meaning,
    '',
    ...rows.map(([name, value]) => `${name.padEnd(10)}  ${value}`),
    '',
    `What to do: ${runbook}`,
    '',
    `To take it up:  keyward event acknowledge ${sequence}`,
  ].join('\n');
}
