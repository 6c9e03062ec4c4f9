import type { DatabaseSync } from 'node:sqlite';
import { eventFromRow } from '../../src/db/event-seals.ts';
import { type GroupColumns, ledgerGroup, placedRow, type RecordColumns } from '../../src/db/ledger-row.ts';
import { revocationTable } from '../../src/db/revocation-table.ts';
import type { TestifiedRow } from '../../src/db/schema.ts';
import { flawOf } from '../../src/db/testified-table.ts';
import { AUDIT_GENESIS, auditEventHash, type ChainHead } from '../../src/kernel/audit-chain.ts';
import { type LedgerGroup, linkFault, rowsFault } from '../../src/kernel/ledger-chain.ts';
import { all, type Row } from './rows.ts';

type EventColumns = Parameters<typeof eventFromRow>[0];
type RevocationRow = TestifiedRow<'revocations'>;

/** Recomputes each chain from where it was left the last time, which must still be there. */
export class Chains {
  #group: LedgerGroup | undefined;
  #event: ChainHead = AUDIT_GENESIS;
  #revocation = 0;

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
    if (!isKept(db, this.#event)) yield `event ${this.#event.sequence} is gone or another one`;
    for (const row of after(db, this.#event)) {
      const event = eventFromRow(row as unknown as EventColumns);
      if (event.sequence !== this.#event.sequence + 1) yield `event ${event.sequence}: a gap before it`;
      if (!same(event.hash, auditEventHash(this.#event.hash, event)))
        yield `event ${event.sequence}: wrong hash`;
      this.#event = event;
    }
  }

  *#revocations(db: DatabaseSync): Generator<string> {
    const last = this.#revocation;
    const rows = all(db, 'SELECT * FROM revocations WHERE sequence >= ? ORDER BY sequence', last);
    if (last > 0 && rows[0]?.sequence !== last) yield `revocation ${last} is gone`;
    for (const row of rows) {
      const revocation = row as unknown as RevocationRow;
      if (revocation.sequence > this.#revocation + 1)
        yield `revocation ${revocation.sequence}: a gap before it`;
      const [event] = all(db, 'SELECT * FROM audit_events WHERE sequence = ?', revocation.audit_sequence);
      const told = event && eventFromRow(event as unknown as EventColumns);
      const flaw = flawOf(revocationTable, revocation, told);
      if (flaw) yield `revocation ${revocation.sequence}: ${flaw}`;
      this.#revocation = revocation.sequence;
    }
  }
}

function recordsOf(db: DatabaseSync, { firstRecord, rowCount }: LedgerGroup) {
  const sql = 'SELECT * FROM issuance_records WHERE sequence BETWEEN ? AND ? ORDER BY sequence';
  const rows = all(db, sql, firstRecord, firstRecord + rowCount - 1);
  return rows.map((row) => placedRow(row as unknown as RecordColumns));
}

function isKept(db: DatabaseSync, { sequence, hash }: ChainHead): boolean {
  if (sequence === 0) return true;
  const [row] = all(db, 'SELECT hash FROM audit_events WHERE sequence = ?', sequence);
  return same(row?.hash as Uint8Array | undefined, hash);
}

function after(db: DatabaseSync, { sequence }: ChainHead): Row[] {
  return all(db, 'SELECT * FROM audit_events WHERE sequence > ? ORDER BY sequence', sequence);
}

function same(found: Uint8Array | undefined, expected: Uint8Array): boolean {
  return found !== undefined && Buffer.compare(found, expected) === 0;
}
