import { inSteps } from '../../db/fill-page.ts';
import { mentions } from '../../db/mentions.ts';
import type { Trx } from '../../db/schema.ts';
import { isObject } from '../../lib/json.ts';
import { readableEvidence, withoutPersonalEvidence } from '../evidence-commitment.ts';
import { type EventRow, without } from './tracked-events.ts';

/**
 * Erases the personal values in the evidence of security events about tokens of that subject; answers of how many
 * events. All else of the evidence stays, and what the audit trail says of it stays true.
 */
export async function eraseEvidence(trx: Trx, subject: string): Promise<number> {
  let events = 0;
  for await (const rows of naming(trx, subject)) {
    for (const { sequence, evidence_json, evidence_salt } of rows) {
      events += 1;
      if (evidence_json === null || evidence_salt === null) continue;
      const { json, salt } = withoutPersonalEvidence(evidence_salt, evidence_json);
      await trx
        .updateTable('security_events')
        .set({ evidence_json: json, evidence_salt: salt })
        .where('sequence', '=', sequence)
        .execute();
    }
  }
  return events;
}

/** Security events that nobody has resolved, about tokens of that subject by what their evidence says. */
export async function unresolvedAbout(trx: Trx, subject: string): Promise<readonly number[]> {
  const events: number[] = [];
  for await (const rows of naming(trx, subject)) {
    for (const { sequence } of await without(trx, rows, 'resolved')) events.push(sequence);
  }
  return events;
}

/** Digests that evidence of unresolved events names, base64url, with the event. */
export async function unresolvedDigests(trx: Trx): Promise<ReadonlyMap<string, number>> {
  const eventOf = new Map<string, number>();
  for await (const rows of mentioning(trx, DIGEST_MEMBER)) {
    const naming = rows.filter((row) => digestIn(row) !== undefined);
    for (const row of await without(trx, naming, 'resolved')) eventOf.set(digestIn(row) ?? '', row.sequence);
  }
  return eventOf;
}

/** As evidence is written, of each member that names a token. */
const DIGEST_MEMBER = 'digest":"';

/** Of a token that leaked it is the second. */
function digestIn({ evidence_json: json }: EventRow): string | undefined {
  const { digest, leaked_digest } = json === null ? {} : (readableEvidence(json) as Record<string, unknown>);
  const named = digest ?? leaked_digest;
  return typeof named === 'string' ? named : undefined;
}

async function* naming(trx: Trx, subject: string): AsyncGenerator<readonly EventRow[]> {
  for await (const rows of mentioning(trx, JSON.stringify(subject))) {
    yield rows.filter(({ evidence_json }) => evidence_json !== null && names(evidence_json, subject));
  }
}

function names(evidenceJson: string, subject: string): boolean {
  const { claims, record } = readableEvidence(evidenceJson) as Record<string, unknown>;
  return (isObject(claims) && claims.sub === subject) || (isObject(record) && record.subject === subject);
}

/** The oldest first. */
function mentioning(trx: Trx, text: string): AsyncGenerator<readonly EventRow[]> {
  return inSteps<EventRow>((last, most) =>
    trx
      .selectFrom('security_events')
      .selectAll()
      .where('sequence', '>', last?.sequence ?? 0)
      .where(mentions('evidence_json', text))
      .orderBy('sequence')
      .limit(most)
      .execute(),
  );
}
