import type { Selectable } from 'kysely';
import type { SealedEvent, StoredEvent } from '../kernel/audit.ts';
import type { Schema } from './schema.ts';

export function eventFromRow(row: Selectable<Schema['audit_events']>): StoredEvent {
  const { sequence, time, type, actor, subject, request_id, details_json, hash } = row;
  return { sequence, time, type, actor, subject, requestId: request_id, detailsJson: details_json, hash };
}

export function sealedFromRow(row: Selectable<Schema['audit_events']>): SealedEvent {
  return { ...eventFromRow(row), runId: row.run_id, seal: row.seal };
}
