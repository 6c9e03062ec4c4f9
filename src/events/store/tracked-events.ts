import { type InferResult, sql } from 'kysely';
import { camelCased } from '../../db/camel-case.ts';
import { hasAuditRecord } from '../../db/case-log.ts';
import type { Trx } from '../../db/schema.ts';
import {
  type EventQuery,
  type EventState,
  type EventStep,
  type SecurityEventReport,
  stateOf,
  type TrackedEvent,
} from '../../kernel/security-events.ts';
import { readableEvidence } from '../evidence-commitment.ts';

const CASE_ID = sql<string>`cast(event.sequence as text)`;

/** Security events with what people did about them, as far as it is witnessed; every list of them is made from this. */
export function trackedEvents(trx: Trx) {
  return trx
    .selectFrom('security_events as event')
    .leftJoin('case_log as acknowledged', (join) =>
      join
        .on('acknowledged.case_kind', '=', 'security_event')
        .on('acknowledged.case_id', '=', CASE_ID)
        .on('acknowledged.step', '=', 'acknowledged')
        .on(hasAuditRecord(trx, 'acknowledged')),
    )
    .leftJoin('case_log as resolved', (join) =>
      join
        .on('resolved.case_kind', '=', 'security_event')
        .on('resolved.case_id', '=', CASE_ID)
        .on('resolved.step', '=', 'resolved')
        .on(hasAuditRecord(trx, 'resolved')),
    )
    .selectAll('event')
    .select([
      'acknowledged.taken_by as acknowledged_by',
      'acknowledged.taken_at as acknowledged_at',
      'acknowledged.note as acknowledged_note',
      'resolved.taken_by as resolved_by',
      'resolved.taken_at as resolved_at',
      'resolved.note as resolved_note',
    ]);
}

type Tracked = ReturnType<typeof trackedEvents>;

/** Those that every member given fits. */
export function fitting(events: Tracked, query: EventQuery): Tracked {
  const { state, type, severity, scopeId, from, to } = query;
  let found = events;
  if (type !== undefined) found = found.where('event.type', '=', type);
  if (severity !== undefined) found = found.where('event.severity', '=', severity);
  if (from !== undefined) found = found.where('event.raised_at', '>=', from);
  if (to !== undefined) found = found.where('event.raised_at', '<=', to);
  if (state !== undefined) found = inState(found, state);
  return scopeId === undefined ? found : aboutScope(found, scopeId);
}

function inState(events: Tracked, state: EventState): Tracked {
  if (state === 'resolved') return events.where('resolved.sequence', 'is not', null);
  const unresolved = events.where('resolved.sequence', 'is', null);
  return unresolved.where('acknowledged.sequence', state === 'open' ? 'is' : 'is not', null);
}

/** Also where the evidence is erased: then the subject still names the scope, or a key of it. */
function aboutScope(events: Tracked, scopeId: string): Tracked {
  return events.where((eb) =>
    eb.or([
      eb(
        sql<
          string | null
        >`CASE WHEN json_valid(event.evidence_json) THEN json_extract(event.evidence_json, '$.scope') END`,
        '=',
        scopeId,
      ),
      eb('event.subject', '=', `scope:${scopeId}`),
      eb('event.subject', 'in', (of) =>
        of
          .selectFrom('signing_keys')
          .select(sql<string>`'key:' || kid`.as('subject'))
          .where('scope_id', '=', scopeId)
          .where('kid', 'is not', null),
      ),
    ]),
  );
}

/** Undefined where there is none. */
export async function trackedEvent(trx: Trx, sequence: number): Promise<TrackedEvent | undefined> {
  const row = await trackedEvents(trx).where('event.sequence', '=', sequence).executeTakeFirst();
  return row && fromRow(row);
}

export function fromRow(row: InferResult<Tracked>[number]): TrackedEvent {
  const { sequence, raisedAt, type, severity, dedupKey, subject, evidenceJson, ...steps } = camelCased(row);
  const acknowledged = step(steps.acknowledgedBy, steps.acknowledgedAt, steps.acknowledgedNote);
  const resolved = step(steps.resolvedBy, steps.resolvedAt, steps.resolvedNote);
  const evidence =
    evidenceJson === null ? null : (readableEvidence(evidenceJson) as SecurityEventReport['evidence']);
  const state = stateOf({ acknowledged, resolved });
  return { sequence, raisedAt, type, severity, dedupKey, subject, evidence, state, acknowledged, resolved };
}

function step(by: string | null, at: number | null, note: string | null): EventStep | null {
  return by === null || at === null ? null : { by, at, note };
}
