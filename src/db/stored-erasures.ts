import { sql } from 'kysely';
import { ARCHIVE_EVENTS, ERASURE_REQUESTED } from '../kernel/ledger-search.ts';

import { compileQuery } from './sqlite-dialect.ts';
import type { StoredTrail } from './stored-trail.ts';

/** Null also for a text that is no JSON: anything may have been written there. */
const typeOfEvidence = (path: string) =>
  sql<string | null>`CASE WHEN json_valid(evidence_json) THEN json_type(evidence_json, ${sql.lit(path)}) END`;

const told = (member: string) =>
  compileQuery((db) =>
    db
      .selectFrom('audit_events')
      .select(
        sql<number | null>`sum(CASE WHEN json_valid(details_json)
          THEN json_extract(details_json, ${sql.lit(`$.${member}`)}) END)`.as('count'),
      )
      .where('type', '=', '')
      .where('subject', '=', ''),
  );
const ERASURES = [
  {
    what: 'personal values in the evidence of security events',
    erased: compileQuery((db) =>
      db
        .selectFrom('security_events')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where((eb) =>
          eb.or([
            eb('evidence_json', 'is', null),
            eb('evidence_salt', 'is', null),
            // A commitment stands for what was erased.
            eb(typeOfEvidence('$.claims'), '=', 'text'),
            eb(typeOfEvidence('$.record'), '=', 'text'),
          ]),
        ),
    ),
    told: told('security_events'),
    names: [ERASURE_REQUESTED, 'ledger'],
  },
  {
    what: 'the personal values of records',
    erased: compileQuery((db) =>
      db
        .selectFrom('issuance_records')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('salt', 'is', null),
    ),
    told: told('records'),
    names: [ARCHIVE_EVENTS.replaced, 'ledger'],
  },
] as const;

/** Values that are gone from rows, and how many the audit trail says were erased. */
interface Erasure {
  readonly what: string;
  readonly erased: number;
  readonly told: number;
}

/** How many values were erased, and of how many the trail says so. */
export function erasuresIn(trail: StoredTrail): readonly Erasure[] {
  return ERASURES.map(({ what, erased, told, names }) => ({
    what,
    erased: trail.all<{ count: number }>(erased)[0]?.count ?? 0,
    told: trail.all<{ count: number | null }>(told, ...names)[0]?.count ?? 0,
  }));
}
