import { randomBytes } from 'node:crypto';
import { headOf, memoryOf } from '../../db/chain-end.ts';
import { auditEventsAt } from '../../db/event-source.ts';
import { fillPage, inSteps } from '../../db/fill-page.ts';
import type { Trx, TrxReader, TrxWriter } from '../../db/schema.ts';
import { appendTestified } from '../../db/testified.ts';
import type { TestifiedTable } from '../../db/testified-table.ts';
import { witnessed } from '../../db/unwitnessed.ts';
import { KEYWARD } from '../../kernel/actor.ts';
import type { Clock } from '../../kernel/clock.ts';
import { ERASURE_REQUESTED } from '../../kernel/ledger-search.ts';
import type { Severity } from '../../kernel/security-event-types.ts';
import {
  type EventChange,
  type EventService,
  SECURITY_EVENT_RAISED,
  type SecurityEventFeed,
  type SecurityEventReport,
  type SecurityEvents,
  type TrackedEvent,
  type UnresolvedCounts,
} from '../../kernel/security-events.ts';
import {
  EVIDENCE_SALT_BYTES,
  evidenceCommitment,
  isErased,
  securityEventDetails,
} from '../evidence-commitment.ts';
import type { UnresolvedSoFar } from '../unresolved.ts';
import { ChangeFeed } from './change-feed.ts';
import { changesAfter, lastPlace } from './event-feed.ts';
import { appendEventStep, type RequestedStep, requireEvent } from './event-steps.ts';
import { type EventRow, fitting, without } from './tracked-events.ts';

export const securityEventTable: TestifiedTable<'security_events'> = {
  table: 'security_events',
  types: {
    [SECURITY_EVENT_RAISED]: { part: 'security_events', tells: 'the security event that it testifies to' },
  },
  name: ({ sequence }) => `security event ${sequence}`,
  auditRecord: ({ dedup_key: dedupKey, evidence_commitment, ...row }) => ({
    type: SECURITY_EVENT_RAISED,
    subject: row.subject,
    actor: KEYWARD.operatorId,
    time: row.raised_at,
    details: securityEventDetails({ ...row, dedupKey }, evidence_commitment),
  }),
  flaw({ evidence_json: json, evidence_salt: salt, evidence_commitment }) {
    if (json === null || salt === null) return 'its evidence is missing';
    if (evidenceCommitment(salt, json).equals(evidence_commitment)) return undefined;
    return 'its evidence is not what it was when it was raised';
  },
  erasures: {
    part: 'audit',
    types: [ERASURE_REQUESTED],
    member: 'security_events',
    what: 'personal values in the evidence of security events',
    isErased: ({ evidence_json: json, evidence_salt: salt }) =>
      json === null || salt === null || isErased(json),
  },
};

type ListOf = Parameters<EventService['list']>;

async function newestFirst(
  trx: Trx,
  query: ListOf[0],
  { before = Number.MAX_SAFE_INTEGER, limit }: ListOf[1],
): Promise<TrackedEvent[]> {
  const { among, of } = await fitting(trx, query);
  return await fillPage<EventRow, TrackedEvent>(
    limit,
    (last, most) =>
      among(trx.selectFrom('security_events').selectAll())
        .where('sequence', '<', last?.sequence ?? before)
        .orderBy('sequence', 'desc')
        .limit(most)
        .execute(),
    of,
  );
}

async function countUnresolved(trx: Trx): Promise<UnresolvedCounts> {
  const counts = { open: { ...NONE }, acknowledged: { ...NONE } };
  const all = inSteps<Pick<EventRow, 'sequence' | 'severity'>>((last, most) =>
    trx
      .selectFrom('security_events')
      .select(['sequence', 'severity'])
      .where('sequence', '>', last?.sequence ?? 0)
      .orderBy('sequence')
      .limit(most)
      .execute(),
  );
  for await (const rows of all) {
    const unresolved = await without(trx, rows, 'resolved');
    const open = new Set(await without(trx, unresolved, 'acknowledged'));
    for (const event of unresolved) counts[open.has(event) ? 'open' : 'acknowledged'][event.severity] += 1;
  }
  return counts;
}

const NONE: Readonly<Record<Severity, number>> = { info: 0, warning: 0, critical: 0 };

export interface StoredSecurityEvents extends SecurityEvents, EventService, SecurityEventFeed {
  /** How many are not resolved. `store_unavailable`. */
  countUnresolved(): Promise<UnresolvedCounts>;
  /** The same, and up to which event of the trail it is so. */
  unresolvedSoFar(): Promise<UnresolvedSoFar>;
  /** Tells listeners what other fronts did; to be called each second or so. `store_unavailable`. */
  follow(): Promise<void>;
}

export function createSecurityEvents(
  reader: TrxReader,
  writer: TrxWriter,
  clock: Clock,
  /** Whether other fronts write as well. */
  isShared = false,
): StoredSecurityEvents {
  const feed = new ChangeFeed(reader, isShared);
  const take = async (step: Omit<RequestedStep, 'at'>) => {
    const { event, change } = await writer.transaction((trx) =>
      appendEventStep(trx, { ...step, at: clock.nowSeconds() }),
    );
    if (change) await feed.committed(change);
    return event;
  };
  return {
    async raise(report) {
      const change = await writer.transaction(async (trx) => {
        const untold = await untoldReport(trx, report);
        return untold && (await insert(trx, untold, clock.nowSeconds()));
      });
      if (change) await feed.committed(change);
      return change !== null;
    },
    acknowledge: (eventSequence, note, actor) => take({ eventSequence, state: 'acknowledged', note, actor }),
    resolve: (eventSequence, note, actor) => take({ eventSequence, state: 'resolved', note, actor }),
    list: (query, page) => reader.read((trx) => newestFirst(trx, query, page)),
    find: (sequence) => reader.read((trx) => requireEvent(trx, sequence)),
    subscribe: (told) => feed.subscribe(told),
    changesAfter: (place, limit) => reader.read((trx) => changesAfter(trx, place, limit)),
    lastPlace: () => reader.read(lastPlace),
    countUnresolved: () => reader.read(countUnresolved),
    unresolvedSoFar: () =>
      reader.read(async (trx) => ({
        counts: await countUnresolved(trx),
        place: (await headOf(trx, 'audit')).sequence,
      })),
    follow: () => feed.follow(),
  };
}

/**
 * Null for what was told. A row that no audit event testifies to was written by somebody who wants silence, and makes
 * room. So may one be whose audit event bears no seal that can be checked: it stays, and the event is told beside it.
 */
async function untoldReport(trx: Trx, report: SecurityEventReport): Promise<SecurityEventReport | null> {
  const before = await auditRecordState(trx, report);
  if (before === 'sealed') return null;
  if (before === 'none') {
    await remove(trx, report);
    return report;
  }
  const again = { ...report, dedupKey: `${report.dedupKey} ${memoryOf(trx).run.id}` };
  if ((await auditRecordState(trx, again)) === 'sealed') return null;
  await remove(trx, again);
  return again;
}

/** What stands behind the row of that type and key. */
async function auditRecordState(
  trx: Trx,
  { type, dedupKey }: SecurityEventReport,
): Promise<'sealed' | 'unsealed' | 'none'> {
  const query = trx.selectFrom('security_events').selectAll();
  const row = await query.where('type', '=', type).where('dedup_key', '=', dedupKey).executeTakeFirst();
  if (!row) return 'none';
  const [auditRecord] = await auditEventsAt(trx, [row.audit_sequence]);
  const told = securityEventTable.auditRecord(row);
  if (auditRecord?.type !== told.type || auditRecord.details_json !== JSON.stringify(told.details)) {
    return 'none';
  }
  return (await witnessed(trx, [auditRecord])).length > 0 ? 'sealed' : 'unsealed';
}

async function remove(trx: Trx, { type, dedupKey }: SecurityEventReport): Promise<void> {
  const rows = trx.deleteFrom('security_events').where('type', '=', type);
  await rows.where('dedup_key', '=', dedupKey).execute();
}

async function insert(trx: Trx, report: SecurityEventReport, raisedAt: number): Promise<EventChange> {
  const { type, severity, dedupKey, subject, evidence } = report;
  const json = JSON.stringify(evidence);
  const salt = randomBytes(EVIDENCE_SALT_BYTES);
  const values = {
    raised_at: raisedAt,
    type,
    severity,
    dedup_key: dedupKey,
    subject,
    evidence_json: json,
    evidence_salt: salt,
    evidence_commitment: evidenceCommitment(salt, json),
  };
  const { sequence, audit_sequence: place } = await appendTestified(trx, securityEventTable, values, KEYWARD);
  const event = { ...report, sequence, raisedAt, state: 'open', acknowledged: null, resolved: null } as const;
  return { place, event, was: null };
}
