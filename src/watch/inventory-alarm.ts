import type { FindingKind, InventoryFinding, InventoryReport } from '../domain/inventory.ts';
import type { SecurityEventReport, SecurityEvents } from '../domain/security-events.ts';

type Alarm = (finding: InventoryFinding) => Pick<SecurityEventReport, 'type' | 'severity'>;

const unproven: Alarm = () => ({ type: 'key.unproven', severity: 'critical' });
/** An object with a label of ours was made by somebody who knows the scope. */
const unexpected: Alarm = ({ details }) => ({
  type: 'key.unexpected',
  severity: details.some((detail) => detail.includes('labelled kw1.')) ? 'critical' : 'warning',
});

/** Null for what is known: a reservation says where it comes from. */
const ALARMS: Readonly<Record<FindingKind, Alarm | null>> = {
  missing: () => ({ type: 'key.missing', severity: 'critical' }),
  unexpected,
  not_destroyed: () => ({ type: 'key.unexpected', severity: 'critical' }),
  duplicate: unproven,
  public_key_differs: unproven,
  changed: unproven,
  leftover: null,
};

/** Raised for one report; what is beyond is raised with the next. */
const MOST_EVENTS = 100;

/**
 * Tells of each finding once for as long as it is found; what was mended and is found again is told again. The
 * report is that of a fresh process, so a key that is missing in it is missing. Answers how many were told; rejects
 * where an event could not be stored.
 */
export function createInventoryAlarm(events: SecurityEvents) {
  const told = new Map<string, ReadonlySet<string>>();
  return async ({ hsmToken, takenAt, findings, token: { serial } }: InventoryReport): Promise<number> => {
    const named = new Map(findings.map((finding) => [nameOf(finding), finding]));
    const still = new Set([...(told.get(hsmToken) ?? [])].filter((name) => named.has(name)));
    told.set(hsmToken, still);
    const news = [...named].filter(([name, { kind }]) => !still.has(name) && ALARMS[kind] !== null);
    for (const [name, finding] of news.slice(0, MOST_EVENTS)) {
      const alarm = ALARMS[finding.kind]?.(finding);
      if (!alarm) continue;
      const { kind, hsmId, kid, scopeId, details } = finding;
      await events.raise({
        ...alarm,
        dedupKey: `${hsmToken} ${name} ${takenAt}`,
        subject: kid === null ? `hsm_object:${hsmToken}/${hsmId ?? ''}` : `key:${kid}`,
        evidence: { finding: kind, hsm_token: hsmToken, serial, hsm_id: hsmId, scope: scopeId, details },
      });
      still.add(name);
    }
    return Math.min(news.length, MOST_EVENTS);
  };
}

function nameOf({ kind, hsmId, kid, details }: InventoryFinding): string {
  return `${kind} ${hsmId ?? '-'} ${kid ?? details.join(' ')}`;
}
