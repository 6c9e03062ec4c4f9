import { KEYWARD } from '../../kernel/actor.ts';
import { type AuditEvent, actOf } from '../../kernel/audit.ts';
import type { RegistryMark, UnsignedMark } from '../../kernel/record-gap.ts';
import type { Difference } from './prepared-change.ts';
import type { StoredHead } from './read-stored.ts';
import { digestOf, rowName } from './tables.ts';
import type { PreparedChange, PreparedRow } from './trusted-registry.ts';

/** That rows which waited were signed. */
export function signedLate(rows: readonly Difference[]): AuditEvent {
  const details = { rows: rows.map(({ table, id }) => rowName(table, id)) };
  return actOf(KEYWARD, 'registry.signed', 'registry', details);
}

/** The trail says where the registry stands, and which rows it testifies to alone until they are signed. */
export function marked(event: AuditEvent, { rows, sealed }: PreparedChange): AuditEvent {
  if (sealed) return { ...event, details: { ...event.details, registry: markOf(sealed.head) } };
  if (rows.length === 0) return event;
  return { ...event, details: { ...event.details, unsigned: rows.flatMap(unsignedMark) } };
}

function markOf(head: StoredHead): RegistryMark {
  return { version: head.version, sha256: digestOf(head.signature) };
}

function unsignedMark({ table, id, after }: PreparedRow): UnsignedMark[] {
  if (!after || after.pending === null) return [];
  return [{ row: rowName(table, id), version: after.version, content_sha256: digestOf(after.pending) }];
}
