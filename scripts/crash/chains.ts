import type { DatabaseSync } from 'node:sqlite';
import { eventFromRow } from '../../src/db/event-seals.ts';
import { type GroupColumns, ledgerGroup, placedRow, type RecordColumns } from '../../src/db/ledger-row.ts';
import { AUDIT_GENESIS, auditEventHash, type ChainHead } from '../../src/kernel/audit-chain.ts';
import { type LedgerGroup, linkFault, rowsFault } from '../../src/kernel/ledger-chain.ts';
import { REVOCATION_GENESIS, revocationHash } from '../../src/kernel/revocation.ts';
import { all, type Row } from './rows.ts';

type EventColumns = Parameters<typeof eventFromRow>[0];

/** Recomputes each chain from where it was left the last time, which must still be there. */
export class Chains {
  #group: LedgerGroup | undefined;
  #event: ChainHead = AUDIT_GENESIS;
  #revocation: ChainHead = REVOCATION_GENESIS;

  *follow(db: DatabaseSync): Generator<string> {
    yield* this.#ledger(db);
    yield* this.#audit(db);
    yield* this.#revocations(db);
  }

  *#ledger(db: DatabaseSync): Generator<string> {
    const before = this.#group;
    if (before) {
      const [row] = all(db, 'SELECT * FROM ledger_groups WHERE sequence = ?', before.sequence);
      const kept = row && ledgerGroup(row as unknown as GroupColumns).groupHash;
      if (!same(kept, before.groupHash)) yield `ledger group ${before.sequence} is gone or another one`;
    }
    const last = before?.sequence ?? 0;
    for (const row of all(db, 'SELECT * FROM ledger_groups WHERE sequence > ? ORDER BY sequence', last)) {
      const group = ledgerGroup(row as unknown as GroupColumns);
      const fault = linkFault(group, this.#group) ?? rowsFault(group, recordsOf(db, group));
      if (fault) yield `ledger group ${group.sequence}: ${fault}`;
      this.#group = group;
    }
    const end = this.#group ? this.#group.firstRecord + this.#group.rowCount : 1;
    const stray = all(db, 'SELECT sequence FROM issuance_records WHERE sequence >= ?', end);
    if (stray.length > 0) yield `${stray.length} records lie in no group`;
  }

  *#audit(db: DatabaseSync): Generator<string> {
    if (!isKept(db, 'audit_events', this.#event))
      yield `event ${this.#event.sequence} is gone or another one`;
    for (const row of after(db, 'audit_events', this.#event)) {
      const event = eventFromRow(row as unknown as EventColumns);
      if (event.sequence !== this.#event.sequence + 1) yield `event ${event.sequence}: a gap before it`;
      if (!same(event.hash, auditEventHash(this.#event.hash, event)))
        yield `event ${event.sequence}: wrong hash`;
      this.#event = event;
    }
  }

  *#revocations(db: DatabaseSync): Generator<string> {
    const last = this.#revocation;
    if (!isKept(db, 'revocations', last)) yield `revocation ${last.sequence} is gone or another one`;
    for (const row of after(db, 'revocations', last)) {
      const { sequence, hash } = row as unknown as ChainHead;
      if (sequence !== this.#revocation.sequence + 1) yield `revocation ${sequence}: a gap before it`;
      if (!same(hash, hashOfRevocation(this.#revocation, row))) yield `revocation ${sequence}: wrong hash`;
      this.#revocation = { sequence, hash };
    }
  }
}

function recordsOf(db: DatabaseSync, { firstRecord, rowCount }: LedgerGroup) {
  const sql = 'SELECT * FROM issuance_records WHERE sequence BETWEEN ? AND ? ORDER BY sequence';
  const rows = all(db, sql, firstRecord, firstRecord + rowCount - 1);
  return rows.map((row) => placedRow(row as unknown as RecordColumns));
}

function hashOfRevocation(before: ChainHead, row: Row): Buffer {
  return revocationHash(before.hash, {
    sequence: row.sequence as number,
    createdAt: row.created_at as number,
    scopeId: row.scope_id as string | null,
    jti: row.jti as string | null,
    rootCommitment: row.root_commitment as Uint8Array,
    clientId: row.client_id as string | null,
    issuedFrom: row.issued_from as number | null,
    issuedUntil: row.issued_until as number | null,
    lapsesAt: row.lapses_at as number | null,
    revokedBy: row.revoked_by as string,
    reason: row.reason as string,
  });
}

type Table = 'audit_events' | 'revocations';

function isKept(db: DatabaseSync, table: Table, { sequence, hash }: ChainHead): boolean {
  if (sequence === 0) return true;
  const [row] = all(db, `SELECT hash FROM ${table} WHERE sequence = ?`, sequence);
  return same(row?.hash as Uint8Array | undefined, hash);
}

function after(db: DatabaseSync, table: Table, { sequence }: ChainHead): Row[] {
  return all(db, `SELECT * FROM ${table} WHERE sequence > ? ORDER BY sequence`, sequence);
}

function same(found: Uint8Array | undefined, expected: Uint8Array): boolean {
  return found !== undefined && Buffer.compare(found, expected) === 0;
}
