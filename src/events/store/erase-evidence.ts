import { sql } from 'kysely';
import type { Trx } from '../../db/schema.ts';
import { withoutPersonalEvidence } from '../evidence-commitment.ts';
import { trackedEvents } from './tracked-events.ts';

/** Of a token that leaked it is the second. */
const TOKEN_DIGEST = sql<string | null>`CASE WHEN json_valid(event.evidence_json) THEN
  coalesce(json_extract(event.evidence_json, '$.digest'), json_extract(event.evidence_json, '$.leaked_digest')) END`;

const names = (subject: string) =>
  sql<boolean>`(CASE WHEN json_valid(event.evidence_json) THEN
    json_extract(event.evidence_json, '$.claims.sub') = ${subject}
    or json_extract(event.evidence_json, '$.record.subject') = ${subject} END)`;

/**
 * Erases the personal values in the evidence of security events about tokens of that subject; answers of how many
 * events. All else of the evidence stays, and what the audit trail says of it stays true.
 */
export async function eraseEvidence(trx: Trx, subject: string): Promise<number> {
  const rows = await trackedEvents(trx).where(names(subject)).execute();
  for (const { sequence, evidence_json, evidence_salt } of rows) {
    if (evidence_json === null || evidence_salt === null) continue;
    const { json, salt } = withoutPersonalEvidence(evidence_salt, evidence_json);
    await trx
      .updateTable('security_events')
      .set({ evidence_json: json, evidence_salt: salt })
      .where('sequence', '=', sequence)
      .execute();
  }
  return rows.length;
}

/** Security events that nobody has resolved, about tokens of that subject by what their evidence says. */
export async function unresolvedAbout(trx: Trx, subject: string): Promise<readonly number[]> {
  const rows = await trackedEvents(trx)
    .where('resolved.sequence', 'is', null)
    .where(names(subject))
    .orderBy('event.sequence')
    .execute();
  return rows.map(({ sequence }) => sequence);
}

/** Digests that evidence of unresolved events names, base64url, with the event. */
export async function unresolvedDigests(trx: Trx): Promise<ReadonlyMap<string, number>> {
  const rows = await trackedEvents(trx)
    .where('resolved.sequence', 'is', null)
    .select(TOKEN_DIGEST.as('digest'))
    .where(TOKEN_DIGEST, 'is not', null)
    .execute();
  return new Map(rows.map(({ digest, sequence }) => [String(digest), sequence]));
}
