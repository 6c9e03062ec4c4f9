import { createHash } from 'node:crypto';
import type { AuditEvent } from '../domain/audit.ts';
import { auditDetailsIn } from '../domain/audit-details.ts';
import type { AuditLog } from '../domain/audit-log.ts';
import type { NotificationSettings } from './settings.ts';

export const NOTIFICATIONS_CONFIGURED = 'notifications.configured';
const SUBJECT = 'notifications';

/** For the audit trail, which keeps what it is told for good: names and a digest, no addresses. */
export function describeNotifications(settings: NotificationSettings): AuditEvent['details'] {
  const { targets, routes, contacts } = settings;
  return {
    digest: createHash('sha256').update(JSON.stringify(settings)).digest('base64url'),
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
  await audit.record({
    type: NOTIFICATIONS_CONFIGURED,
    actor: 'keyward',
    subject: SUBJECT,
    requestId: null,
    details,
  });
  return true;
}
