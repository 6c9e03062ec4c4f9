import type { DatabaseSync } from 'node:sqlite';
import { auditEventHash, type ChainedEvent } from '../../src/kernel/audit-chain.ts';
import { describeTable, insert, type Row } from '../../test/support/tampering.ts';

/** Puts an event at the end of the audit trail, with the hash that belongs there and without a seal. */
export function appendEvent(
  db: DatabaseSync,
  event: Pick<ChainedEvent, 'type' | 'actor' | 'subject' | 'detailsJson'>,
): void {
  const last = db.prepare('SELECT * FROM audit_events ORDER BY sequence DESC LIMIT 1').get() as Row;
  const [sequence, time] = [Number(last.sequence) + 1, Number(last.time)];
  const chained = { ...event, sequence, time, requestId: null, traceId: null };
  const { detailsJson: details_json, requestId: request_id, traceId: trace_id, ...columns } = chained;
  const hash = auditEventHash(last.hash as Uint8Array, chained);
  const unsealed = Object.fromEntries(Object.keys(last).map((column) => [column, null]));
  const row = { ...unsealed, ...columns, details_json, request_id, trace_id, hash };
  insert(db, describeTable(db, 'audit_events'), row);
}
