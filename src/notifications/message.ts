import type { UnstoredEvent } from '../events/index.ts';
import { EVIDENCE_FIELDS } from '../kernel/event-evidence.ts';
import { eventType, type Severity } from '../kernel/security-event-types.ts';
import type { TrackedEvent } from '../kernel/security-events.ts';
import { isoInstant } from '../lib/instant.ts';
import type { NotificationDelivery } from './delivery.ts';
import type { NotificationSettings } from './target-settings.ts';

/** Nothing in it ends a line or moves the cursor: for what is shown in a place of one line. */
export function oneLine(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ');
}

type Evidence = Readonly<Record<string, unknown>>;

const FIELDS: Readonly<Record<string, { readonly kind: string }>> = EVIDENCE_FIELDS;

/** Without objects, which come from tokens and records and may speak of persons, and without what no field names. */
function shareableEvidence(evidence: Evidence): Evidence {
  return Object.fromEntries(
    Object.entries(evidence).filter(([name]) => FIELDS[name] !== undefined && FIELDS[name].kind !== 'object'),
  );
}

/** What is told of an event. Never `claims`, `record` or `header`, which may speak of persons. */
export interface EventFacts {
  readonly type: string;
  readonly severity: Severity;
  readonly subject: string;
  readonly meaning: string;
  readonly runbook: string;
  /** Seconds since the epoch. */
  readonly raised_at: number;
  readonly evidence?: Readonly<Record<string, unknown>>;
}

/** Of one that is recorded. */
export interface EventSummary extends EventFacts {
  readonly sequence: number;
  readonly state: TrackedEvent['state'];
}

export const MESSAGE_TYPES = {
  event: 'security_event.raised',
  escalation: 'security_event.unacknowledged',
  unstored: 'security_event.unstored',
  summary: 'security_event.summary',
  test: 'notification.test',
  heartbeat: 'heartbeat',
} as const;

type MessageKind = keyof typeof MESSAGE_TYPES;

/** Types in the title of a summary; all are in its data. */
const MOST_NAMED = 3;

interface Facts {
  readonly event: { readonly event: EventSummary };
  readonly escalation: { readonly event: EventSummary };
  /** `retried`: recording it is tried again, and then it comes like all others. */
  readonly unstored: { readonly event: EventFacts; readonly retried: boolean };
  readonly summary: {
    readonly events: number;
    readonly first_sequence: number;
    readonly last_sequence: number;
    readonly severity: Severity;
    /** Of those events, each once. */
    readonly types: readonly string[];
  };
  readonly test: Readonly<Record<string, never>>;
  /** When the next one is due; seconds since the epoch. */
  readonly heartbeat: { readonly next_at: number };
}

/** One message as a target gets it, however it writes it down. */
export type NotificationMessage = {
  [K in MessageKind]: {
    readonly kind: K;
    readonly id: string;
    /** When it was to be told first; seconds since the epoch. */
    readonly at: number;
    readonly severity: Severity;
    /** One line. */
    readonly title: string;
    readonly data: Facts[K];
  };
}[MessageKind];

export interface MessageOptions {
  readonly runbooksUrl: string;
  readonly withEvidence: boolean;
}

/** Contacts of a scope never get evidence. */
export function messageOptions(
  { runbooks_url: runbooksUrl, targets }: Pick<NotificationSettings, 'runbooks_url' | 'targets'>,
  target: string,
  { contactsOf }: Pick<NotificationDelivery, 'contactsOf'>,
): MessageOptions {
  return { runbooksUrl, withEvidence: contactsOf === null && targets[target]?.evidence === true };
}

export function messageOf(
  delivery: NotificationDelivery,
  event: TrackedEvent,
  options: MessageOptions,
): NotificationMessage {
  const { kind, messageId: id, createdAt: at, severity } = delivery;
  if (kind === 'summary') {
    const { events, types, eventSequence: first_sequence, lastSequence: last_sequence } = delivery;
    const title = `[Keyward] ${events} more ${severity} security events${named(types)}`;
    return {
      kind,
      id,
      at,
      severity,
      title,
      data: { events, first_sequence, last_sequence, severity, types },
    };
  }
  const what = `${severity}: ${event.type} (${oneLine(event.subject)})`;
  const title = kind === 'event' ? `[Keyward] ${what}` : `[Keyward] nobody has acknowledged ${what}`;
  return { kind, id, at, severity, title, data: { event: eventSummary(event, options) } };
}

/** Of an event without a number, which nobody can acknowledge. What it says is true of the time at which it was raised. */
export function unstoredMessage(
  { event, messageId: id, at }: { event: UnstoredEvent; messageId: string; at: number },
  options: MessageOptions,
): NotificationMessage {
  const { type, severity, subject, isRetried: retried } = event;
  const title = `[Keyward] not recorded when raised, ${severity}: ${type} (${oneLine(subject)})`;
  const data = { event: eventFacts({ ...event, raisedAt: at }, options), retried };
  return { kind: 'unstored', id, at, severity, title, data };
}

function named(types: readonly string[]): string {
  if (types.length === 0) return '';
  const further = types.length - MOST_NAMED;
  return `: ${types.slice(0, MOST_NAMED).join(', ')}${further > 0 ? ` and ${further} more types` : ''}`;
}

export function testMessage(id: string, at: number): NotificationMessage {
  const title = '[Keyward] a test: security events reach you';
  return { kind: 'test', id, at, severity: 'info', title, data: {} };
}

export function heartbeatMessage(id: string, at: number, everySeconds: number): NotificationMessage {
  const title = '[Keyward] heartbeat: notifications reach you';
  const next_at = (Math.floor(at / everySeconds) + 1) * everySeconds;
  return { kind: 'heartbeat', id, at, severity: 'info', title, data: { next_at } };
}

function eventSummary(event: TrackedEvent, options: MessageOptions): EventSummary {
  const { sequence, state } = event;
  return { sequence, state, ...eventFacts(event, options) };
}

function eventFacts(
  {
    type,
    severity,
    subject,
    raisedAt: raised_at,
    evidence,
  }: Pick<TrackedEvent, 'type' | 'severity' | 'subject' | 'raisedAt' | 'evidence'>,
  { runbooksUrl, withEvidence }: MessageOptions,
): EventFacts {
  const { meaning, runbook } = eventType(type);
  return {
    type,
    severity,
    subject: oneLine(subject),
    meaning,
    runbook: `${runbooksUrl}/${runbook}`,
    raised_at,
    ...(withEvidence && evidence ? { evidence: shareableEvidence(evidence) } : {}),
  };
}

/** As webhooks and files get it; in the form that Standard Webhooks recommends. */
export function payloadOf({ kind, id, at, title, data }: NotificationMessage): object {
  return { id, type: MESSAGE_TYPES[kind], timestamp: isoInstant(at), title, data };
}
