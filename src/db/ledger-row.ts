import type { Selectable } from 'kysely';
import type { BrokenChain } from '../kernel/audit-chain.ts';
import type { RecordedToken } from '../kernel/issuance.ts';
import { commitmentTo, type LedgerGroup, type PlacedRow } from '../kernel/ledger-chain.ts';
import type { LedgerEntry } from '../kernel/ledger-search.ts';
import { traceIdText } from '../kernel/trace.ts';
import type { Schema } from './schema.ts';

export type RecordColumns = Selectable<Schema['issuance_records']>;
export type GroupColumns = Selectable<Schema['ledger_groups']>;

export function placedRow(row: RecordColumns): PlacedRow {
  return {
    sequence: row.sequence,
    groupSequence: row.group_sequence,
    digest: row.digest,
    scopeId: row.scope_id,
    kid: row.kid,
    jti: row.jti,
    clientId: row.client_id,
    subject: row.subject,
    root: row.root,
    traceId: row.trace_id,
    iat: row.iat,
    exp: row.exp,
    salt: row.salt,
    subjectCommitment: row.subject_commitment,
    rootCommitment: row.root_commitment,
  };
}

export function ledgerGroup(row: GroupColumns): LedgerGroup {
  return {
    sequence: row.sequence,
    firstRecord: row.first_record,
    rowCount: row.row_count,
    committedAt: row.committed_at,
    previousHash: row.previous_hash,
    groupHash: row.group_hash,
  };
}

export function recordedToken(row: RecordColumns): RecordedToken {
  return {
    digest: Buffer.from(row.digest),
    scopeId: row.scope_id,
    kid: row.kid,
    jti: row.jti,
    clientId: row.client_id,
    subject: row.subject,
    root: row.root,
    traceId: traceIdText(row.trace_id),
    iat: row.iat,
    exp: row.exp,
  };
}

export function ledgerEntry(row: RecordColumns, archived: boolean): LedgerEntry {
  return { ...recordedToken(row), sequence: row.sequence, erased: row.salt === null, archived };
}

/** The rows that count for nothing, by what `SealedGroups` says of each. */
export function brokenAmong(
  rows: readonly RecordColumns[],
  flaws: readonly (string | undefined)[],
): ReadonlyMap<RecordColumns, BrokenChain> {
  const broken = new Map<RecordColumns, BrokenChain>();
  for (const [index, row] of rows.entries()) {
    const why = flaws[index];
    if (why !== undefined) broken.set(row, { place: `record ${row.sequence}`, why });
  }
  return broken;
}

/** The same row for the chain: its hash goes by the commitments. */
export function withoutPersonalValues(row: RecordColumns): RecordColumns {
  if (row.salt === null) return row;
  return {
    ...row,
    subject: null,
    root: null,
    salt: null,
    subject_commitment: commitmentTo('subject', row.salt, row.subject),
    root_commitment: commitmentTo('root', row.salt, row.root),
  };
}

/**
 * Records are indexed by digest within slots of 16 seconds of `iat`. Digests are random: in one index over all of
 * them each record would fall on another page, and the more there are the more a record costs. The digest covers
 * `iat`, so within its slot it is as unique as it is among all.
 */
const SLOT_BITS = 4;

/** To the letter as in the index, or SQLite does not use it. */
export const SLOT_OF_ROW = `iat >> ${SLOT_BITS}`;

export function slotOf(iat: number): number {
  return Math.floor(iat / (1 << SLOT_BITS));
}
