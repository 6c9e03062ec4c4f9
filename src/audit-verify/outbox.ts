import type { StoredTrail } from '../db/stored-trail.ts';
import type { Findings } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import { describeNotifications, NOTIFICATIONS_CONFIGURED } from '../notifications/configured.ts';
import { planNew } from '../notifications/plan.ts';
import type { NotificationSettings } from '../notifications/settings.ts';

/** A day less than what is delivered is kept for. */
const KEPT_SECONDS = 6 * 86_400;

/** How far sinks and notifications got, against the trail; and the messages against the events of the last days. */
export function checkOutbox(
  trail: StoredTrail,
  settings: NotificationSettings | undefined,
  findings: Findings,
): void {
  const end = trail.ends();
  for (const { sink, host, audit_sequence, checkpoint_number } of trail.table('audit_deliveries', 'sink')) {
    if (audit_sequence <= end.event && checkpoint_number <= end.checkpoint) continue;
    const detail = `it is said to have event ${audit_sequence} and checkpoint ${checkpoint_number}, behind the last`;
    findings.add('notifications', 'bad_row', `sink ${sink}${host === '' ? '' : ` of ${host}`}`, detail);
  }
  const place = [...trail.table('notification_place', 'id')][0]?.place;
  if (place !== undefined && place > end.event) {
    findings.add(
      'notifications',
      'bad_row',
      'notification_place',
      `it is ${place}, behind event ${end.event}`,
    );
  }
  if (settings) checkMessages(trail, settings, place ?? 0, findings);
}

/** Only events that were raised under the settings of now: others were told by other routes. */
function checkMessages(
  trail: StoredTrail,
  settings: NotificationSettings,
  place: number,
  findings: Findings,
): void {
  const configured = trail.lastOfType(NOTIFICATIONS_CONFIGURED);
  const { digest } = describeNotifications(settings);
  if (!configured || auditDetailsIn(configured.detailsJson).digest !== digest) return;
  const { now } = trail.ends();
  for (const { sequence, type, severity, raised_at, audit_sequence } of trail.eventsWithoutMessage()) {
    const isTold = audit_sequence > configured.sequence && audit_sequence <= place;
    if (!isTold || raised_at < now - KEPT_SECONDS) continue;
    const event = { sequence, type, severity, evidence: null };
    if (planNew(event, settings, [], now).deliveries.length === 0) continue;
    findings.add('notifications', 'gap', `security event ${sequence}`, 'no message tells of it');
  }
}
