import type { FindingKind, InventoryFinding, InventoryReport } from '../kernel/key-proof.ts';
import type { SecurityEventType } from '../kernel/security-event-types.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';

/** Null for what is known, since a reservation says where it comes from, and for decoys, which have an alarm of their own. */
const ALARMS = {
  missing: 'key.missing',
  unexpected: 'key.unexpected',
  not_destroyed: 'key.unexpected',
  duplicate: 'key.unproven',
  public_key_differs: 'key.unproven',
  changed: 'key.unproven',
  leftover: null,
  decoy: null,
} as const satisfies Record<FindingKind, SecurityEventType | null>;

/** Raised for one report; what is beyond is raised with the next. */
const MOST_EVENTS = 100;

/**
 * Tells of each finding once for as long as it is found; what was mended and is found again is told again. The
 * report is that of a fresh process, so a key that is missing in it is missing.
 */
export function createInventoryAlarm(events: EventRaiser, onCanary: (finding: InventoryFinding) => void) {
  const told = new Map<string, ReadonlySet<string>>();
  return ({ hsmToken, takenAt, findings, token: { serial } }: InventoryReport): void => {
    const named = new Map(findings.map((finding) => [nameOf(finding), finding]));
    const still = new Set([...(told.get(hsmToken) ?? [])].filter((name) => named.has(name)));
    told.set(hsmToken, still);
    let raised = 0;
    for (const [name, finding] of named) {
      if (still.has(name)) continue;
      const type = ALARMS[finding.kind];
      if (finding.kind === 'decoy') {
        onCanary(finding);
        still.add(name);
      }
      if (type === null || raised === MOST_EVENTS) continue;
      const { kind, hsmId, kid, scopeId, details } = finding;
      events.raise(
        securityEvent(type, {
          finding: kind,
          hsm_token: hsmToken,
          serial,
          hsm_id: hsmId,
          kid,
          scope: scopeId,
          details,
          taken_at: takenAt,
        }),
      );
      raised += 1;
      still.add(name);
    }
  };
}

/** Of a decoy, whatever else is done to it is news. */
function nameOf({ kind, hsmId, kid, details }: InventoryFinding): string {
  const seen = details.join(' ');
  return `${kind} ${hsmId ?? '-'} ${kind === 'decoy' ? `${kid} ${seen}` : (kid ?? seen)}`;
}
