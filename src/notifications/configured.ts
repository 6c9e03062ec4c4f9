import { hash } from 'node:crypto';
import { KEYWARD } from '../kernel/actor.ts';
import { type AuditEvent, type AuditLog, actOf } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import type { SecurityEvent } from '../kernel/security-events.ts';
import type { NotificationSettings } from './settings.ts';

export const NOTIFICATIONS_CONFIGURED = 'notifications.configured';
const SUBJECT = 'notifications';

/** For the audit trail, which keeps what it is told for good: names and a digest, no addresses. */
export function describeNotifications(settings: NotificationSettings): AuditEvent['details'] {
  const { targets, routes, contacts } = settings;
  return {
    digest: hash('sha256', JSON.stringify(settings), 'base64url'),
    targets: Object.fromEntries(Object.entries(targets).map(([name, { type }]) => [name, type])),
    routes: routes.map(({ targets: to, ...route }) => ({ ...route, targets: to })),
    contacts: contacts?.target ?? null,
  };
}

/**
 * Tells the audit trail at the start, where the section is another than the one it was told of last (I11), and answers
 * whether it is.
 */
export async function auditConfiguredNotifications(
  audit: Pick<AuditLog, 'lastAbout' | 'record'>,
  settings: NotificationSettings,
): Promise<boolean> {
  const last = await audit.lastAbout(SUBJECT, NOTIFICATIONS_CONFIGURED);
  const details = describeNotifications(settings);
  const nothingYet = last === undefined && Object.keys(settings.targets).length === 0;
  if (nothingYet || (last && auditDetailsIn(last.detailsJson).digest === details.digest)) return false;
  await audit.record(actOf(KEYWARD, NOTIFICATIONS_CONFIGURED, SUBJECT, details));
  return true;
}

/** The scopes that an event is about, as its evidence and its subject name them, each once. */
export function scopesOfEvent(
  { subject, evidence }: Pick<SecurityEvent, 'subject' | 'evidence'>,
  scopeOfKey: (kid: string) => string | undefined,
): readonly string[] {
  const [, kind, name = ''] = /^(scope|key):(.+)$/.exec(subject) ?? [];
  const named = [
    evidence?.scope,
    evidence?.key_scope,
    ...(Array.isArray(evidence?.scopes) ? evidence.scopes : []),
    kind === 'scope' ? name : undefined,
    kind === 'key' ? scopeOfKey(name) : undefined,
  ];
  return [...new Set(named.filter((scope) => typeof scope === 'string'))];
}
