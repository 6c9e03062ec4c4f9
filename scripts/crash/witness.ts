import { DatabaseSync } from 'node:sqlite';
import { verifyAudit } from '../../src/audit-verify.ts';
import { AUDIT_GENESIS, auditEventHash, type ChainHead } from '../../src/domain/audit-chain.ts';
import type { LedgerGroup } from '../../src/domain/ledger-chain.ts';
import { linkFault, rowsFault } from '../../src/domain/ledger-check.ts';
import { REVOCATION_GENESIS, revocationHash } from '../../src/domain/revocation-chain.ts';
import { eventFromRow } from '../../src/store/audit-log.ts';
import { type GroupColumns, ledgerGroup, placedRow, type RecordColumns } from '../../src/store/ledger-row.ts';
import { type Bench, BYSTANDER } from './bench.ts';
import type { Hands } from './hands.ts';

type EventColumns = Parameters<typeof eventFromRow>[0];
type Row = Readonly<Record<string, unknown>>;

/**
 * Holds the database against what the clients have in their hands, and recomputes its chains: `examine` what
 * came since the last time, and that what was there then is there still; `examineAll` from the beginning.
 */
export class Witness {
  /** The `jti`s of tokens in hands without a record. */
  readonly lost = new Set<string>();
  readonly #bench: Bench;
  readonly #hands: Hands;
  #group: LedgerGroup | undefined;
  #event: ChainHead = AUDIT_GENESIS;
  #revocation: ChainHead = REVOCATION_GENESIS;
  #held = 0;
  #revoked = 0;

  constructor(bench: Bench, hands: Hands) {
    this.#bench = bench;
    this.#hands = hands;
  }

  /** Each finding in a line of its own. Leaves no connection open: the next front shall recover by itself. */
  examine(): string[] {
    const db = new DatabaseSync(this.#bench.databaseFile, { readOnly: true });
    try {
      db.exec('BEGIN');
      return [...this.#ledger(db), ...this.#audit(db), ...this.#revocations(db), ...this.#inHands(db)];
    } finally {
      db.close();
    }
  }

  /** What `keyward audit verify` says of the database and of the sink's file, and every token once more. */
  async examineAll(): Promise<string[]> {
    const { configFile, sinkFile } = this.#bench;
    const reports = [
      await verifyAudit({ configFile, saved: [] }),
      await verifyAudit({ configFile, saved: [], file: sinkFile }),
    ];
    const found = reports.flatMap(({ source, findings }) =>
      findings.map(({ part, fault, place, detail }) => `${source}: ${part}: ${place}: ${detail} [${fault}]`),
    );
    [this.#held, this.#revoked] = [0, 0];
    return [...found, ...this.examine(), ...this.#integrity()];
  }

  records(): number {
    const db = new DatabaseSync(this.#bench.databaseFile, { readOnly: true });
    const [row] = all(db, 'SELECT count(*) AS n FROM issuance_records');
    db.close();
    return Number(row?.n);
  }

  *#ledger(db: DatabaseSync): Generator<string> {
    const before = this.#group;
    if (before) {
      const [row] = all(db, 'SELECT * FROM ledger_groups WHERE sequence = ?', before.sequence);
      const kept = row && ledgerGroup(row as unknown as GroupColumns).groupHash;
      if (!same(kept, before.groupHash)) yield `ledger group ${before.sequence} is gone or another one`;
    }
    const after = before?.sequence ?? 0;
    for (const row of all(db, 'SELECT * FROM ledger_groups WHERE sequence > ? ORDER BY sequence', after)) {
      const group = ledgerGroup(row as unknown as GroupColumns);
      const rows = all(
        db,
        'SELECT * FROM issuance_records WHERE sequence BETWEEN ? AND ? ORDER BY sequence',
        group.firstRecord,
        group.firstRecord + group.rowCount - 1,
      ).map((each) => placedRow(each as unknown as RecordColumns));
      const fault = linkFault(group, this.#group) ?? rowsFault(group, rows);
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
      if (!same(auditEventHash(this.#event.hash, event), event.hash))
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
      if (!same(hashOfRevocation(this.#revocation, row), hash)) yield `revocation ${sequence}: wrong hash`;
      this.#revocation = { sequence, hash };
    }
  }

  *#inHands(db: DatabaseSync): Generator<string> {
    const { held, revoked } = this.#hands;
    const record = db.prepare('SELECT jti, kid FROM issuance_records WHERE digest = ?');
    const lost = held.slice(this.#held).filter(({ digest, jti, kid }) => {
      const found = record.get(digest);
      return found?.jti !== jti || found.kid !== kid;
    });
    for (const { jti } of lost) this.lost.add(jti);
    if (lost.length > 0)
      yield `${lost.length} tokens in clients' hands have no record, such as ${lost[0]?.jti}`;
    const rule = db.prepare('SELECT 1 FROM revocations WHERE jti = ?');
    const gone = revoked.slice(this.#revoked).filter((jti) => !rule.get(jti));
    if (gone.length > 0) yield `${gone.length} confirmed revocations are gone, such as that of ${gone[0]}`;
    [this.#held, this.#revoked] = [held.length, revoked.length];
    yield* this.#grant(db);
  }

  *#grant(db: DatabaseSync): Generator<string> {
    const { grant } = this.#hands;
    const isThere = all(db, 'SELECT 1 FROM grants WHERE client_id = ?', BYSTANDER).length > 0;
    const isToldSo = isThere === grant.confirmed || isThere === grant.asked;
    if (!isToldSo) yield `a grant whose ${isThere ? 'removal' : 'addition'} was confirmed is as before`;
    grant.confirmed = isThere;
  }

  #integrity(): string[] {
    const db = new DatabaseSync(this.#bench.databaseFile, { readOnly: true });
    const [row] = all(db, 'PRAGMA integrity_check');
    db.close();
    return row?.integrity_check === 'ok' ? [] : [`integrity_check: ${row?.integrity_check}`];
  }
}

function hashOfRevocation(before: ChainHead, row: Row): Buffer {
  const of = row as unknown as Parameters<typeof revocationHash>[1] & Row;
  return revocationHash(before.hash, {
    sequence: of.sequence,
    createdAt: Number(row.created_at),
    scopeId: row.scope_id as string | null,
    jti: of.jti,
    rootCommitment: row.root_commitment as Uint8Array,
    clientId: row.client_id as string | null,
    issuedFrom: row.issued_from as number | null,
    issuedUntil: row.issued_until as number | null,
    lapsesAt: row.lapses_at as number | null,
    revokedBy: String(row.revoked_by),
    reason: of.reason,
  });
}

type Chain = 'audit_events' | 'revocations';

function isKept(db: DatabaseSync, chain: Chain, { sequence, hash }: ChainHead): boolean {
  if (sequence === 0) return true;
  const [row] = all(db, `SELECT hash FROM ${chain} WHERE sequence = ?`, sequence);
  return same(row?.hash as Uint8Array | undefined, hash);
}

function after(db: DatabaseSync, chain: Chain, { sequence }: ChainHead): Row[] {
  return all(db, `SELECT * FROM ${chain} WHERE sequence > ? ORDER BY sequence`, sequence);
}

function all(db: DatabaseSync, sql: string, ...parameters: (string | number)[]): Row[] {
  return db.prepare(sql).all(...parameters);
}

function same(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0;
}
