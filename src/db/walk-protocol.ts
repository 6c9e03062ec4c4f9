import { sql } from 'kysely';
import type { BrokenChain, ChainHead } from '../kernel/audit-chain.ts';
import type { GroupBefore } from '../kernel/ledger-chain.ts';
import type { RevocationPage } from '../kernel/revocation.ts';
import type { RunPublicKey } from '../kernel/runs.ts';
import { compileQuery } from './sqlite-dialect.ts';
import type { DatabaseIdentity } from './writer-protocol.ts';

/** What the worker that walks chains is told once, at its start. */
export interface WalkSettings {
  readonly file: string;
  readonly identity: DatabaseIdentity;
  /** Whose seals count; read when the thread starts. */
  readonly runs: readonly RunPublicKey[];
  readonly statements: WalkStatements;
}

export interface WalkStatements {
  /** Those after a sequence, and how many at most; `revocations` alike. */
  readonly groups: string;
  /** Between two sequences, both included. */
  readonly records: string;
  readonly strayGroup: string;
  /** Below a sequence, or above another. */
  readonly strayRecord: string;
  readonly archivedGroup: string;
  readonly revocations: string;
}

export interface WalkCalls {
  groups: {
    asks: {
      readonly after: GroupBefore;
      /** The last group as the writer knew it before; undefined where it knows none. */
      readonly end: ChainHead | undefined;
      /** How many rows are read, to the end of a group; where none are, a group that does not follow ends the walk. */
      readonly mostRows: number;
      /** With rows, one in eight seals is verified: eight rounds in a row verify each. */
      readonly round: number;
    };
    answers: WalkedGroups;
  };
  /** `now`: those in force then are answered; null for none. */
  revocations: { asks: { readonly after: ChainHead; readonly now: number | null }; answers: RevocationPage };
  close: { asks: null; answers: null };
}

export interface WalkedGroups {
  readonly at: GroupBefore;
  /** The first that do not hold, and what is wrong at the end. */
  readonly broken: readonly BrokenChain[];
  readonly isEnd: boolean;
  /** How many were read. */
  readonly rows: number;
}

export function compileWalkStatements(): WalkStatements {
  return {
    groups: compileQuery((db) =>
      db.selectFrom('ledger_groups').selectAll().where('sequence', '>', 0).orderBy('sequence').limit(0),
    ),
    // As the chain names them: copying every row once more would be a fifth of the walk.
    records: compileQuery((db) =>
      db
        .selectFrom('issuance_records')
        .select([
          'sequence',
          'group_sequence as groupSequence',
          'digest',
          'scope_id as scopeId',
          'kid',
          'jti',
          'client_id as clientId',
          'subject',
          'root',
          'iat',
          'exp',
          'salt',
          'subject_commitment as subjectCommitment',
          'root_commitment as rootCommitment',
        ])
        .where('sequence', '>=', 0)
        .where('sequence', '<=', 0)
        .orderBy('sequence'),
    ),
    strayGroup: compileQuery((db) =>
      db.selectFrom('ledger_groups').select('sequence').where('sequence', '<', sql.lit(1)).limit(sql.lit(1)),
    ),
    strayRecord: compileQuery((db) =>
      db
        .selectFrom('issuance_records')
        .select('sequence')
        .where((eb) => eb.or([eb('sequence', '<', 0), eb('sequence', '>', 0)]))
        .limit(sql.lit(1)),
    ),
    archivedGroup: compileQuery((db) =>
      db.selectFrom('ledger_archives').select((eb) => eb.fn.max('last_group').as('group')),
    ),
    revocations: compileQuery((db) =>
      db.selectFrom('revocations').selectAll().where('sequence', '>', 0).orderBy('sequence').limit(0),
    ),
  };
}
