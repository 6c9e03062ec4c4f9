import type { DatabaseSync } from 'node:sqlite';
import { evidenceCommitment } from '../../../src/events/evidence-commitment.ts';
import { auditEventHash } from '../../../src/kernel/audit-chain.ts';
import { commitmentTo, groupHash, type LedgerRow, rowHashes } from '../../../src/kernel/ledger-chain.ts';
import { suspicionCommitment } from '../../../src/reports/case.ts';
import type { Row } from '../tampering.ts';

const ZEROS = new Uint8Array(32);
type First = number | undefined;

/** Recomputes every hash and chain, as far as that needs neither HSM, PIN nor the memory of a service. */
export function rehash(db: DatabaseSync): void {
  const ledger = rehashLedger(db);
  const audit = rehashTrail(db);
  dropCheckpoints(db, { audit, ledger });
}

/** Commitments to what stands beside them; audit events name them, so they come before the trail. */
export function recommit(db: DatabaseSync): void {
  const again = (table: string, name: string, commit: (salt: Uint8Array, json: string) => Buffer) => {
    const update = db.prepare(`UPDATE ${table} SET ${name}_commitment = ? WHERE sequence = ?`);
    for (const row of all(db, `SELECT * FROM ${table}`)) {
      const [salt, json] = [row[`${name}_salt`], row[`${name}_json`]];
      if (salt === null || json === null) continue;
      update.run(commit(bytes(salt), String(json)), Number(row.sequence));
    }
  };
  again('security_events', 'evidence', evidenceCommitment);
  again('reports', 'suspicion', suspicionCommitment);
  const update = db.prepare('UPDATE revocations SET root_commitment = ? WHERE sequence = ?');
  for (const row of all(db, 'SELECT * FROM revocations WHERE root IS NOT NULL AND root_salt IS NOT NULL'))
    update.run(commitmentTo('root', bytes(row.root_salt), text(row.root)), Number(row.sequence));
}

function rehashLedger(db: DatabaseSync): First {
  let [previous, first]: [Uint8Array, First] = [ZEROS, undefined];
  for (const group of all(db, 'SELECT * FROM ledger_groups ORDER BY sequence')) {
    const sequence = Number(group.sequence);
    const rows = all(
      db,
      'SELECT * FROM issuance_records WHERE group_sequence = ? ORDER BY sequence',
      sequence,
    );
    const hash = rows.length > 0 ? hashRows(db, group, rows, previous) : bytes(group.group_hash);
    const isSame = same(hash, group.group_hash) && same(previous, group.previous_hash);
    if (!isSame) first ??= sequence;
    db.prepare('UPDATE ledger_groups SET previous_hash = ?, group_hash = ? WHERE sequence = ?').run(
      previous,
      hash,
      sequence,
    );
    previous = hash;
  }
  return first;
}

function hashRows(db: DatabaseSync, group: Row, rows: readonly Row[], previousHash: Uint8Array): Buffer {
  const sequence = Number(group.sequence);
  const hashes = rowHashes(rows.map(ledgerRow));
  db.prepare('UPDATE ledger_row_hashes SET hashes = ? WHERE group_sequence = ?').run(hashes, sequence);
  db.prepare('UPDATE ledger_groups SET row_count = ?, first_record = ? WHERE sequence = ?').run(
    rows.length,
    Number(rows[0]?.sequence),
    sequence,
  );
  return groupHash({ sequence, committedAt: Number(group.committed_at), previousHash }, hashes);
}

function rehashTrail(db: DatabaseSync): First {
  let [previous, first]: [Uint8Array, First] = [ZEROS, undefined];
  const events = all(db, 'SELECT * FROM audit_events ORDER BY sequence');
  // No two may have one hash, also while they are replaced one by one.
  db.exec('UPDATE audit_events SET hash = randomblob(32)');
  for (const row of events) {
    const hash = auditEventHash(previous, {
      sequence: Number(row.sequence),
      time: Number(row.time),
      type: String(row.type),
      actor: String(row.actor),
      subject: String(row.subject),
      requestId: text(row.request_id),
      traceId: text(row.trace_id),
      detailsJson: String(row.details_json),
    });
    if (!same(hash, row.hash)) first ??= Number(row.sequence);
    db.prepare('UPDATE audit_events SET hash = ? WHERE sequence = ?').run(hash, Number(row.sequence));
    previous = hash;
  }
  return first;
}

/** A checkpoint that covers what is otherwise now would tell: it goes, with all that follow. */
function dropCheckpoints(db: DatabaseSync, changed: Readonly<Record<string, First>>): void {
  for (const row of all(db, 'SELECT * FROM checkpoints ORDER BY number')) {
    const heads = claimsOf(String(row.jws));
    const covers = Object.entries(changed).some(
      ([chain, first]) => first !== undefined && (heads[chain]?.sequence ?? 0) >= first,
    );
    if (!covers) continue;
    db.prepare('DELETE FROM checkpoints WHERE number >= ?').run(Number(row.number));
    return;
  }
}

function claimsOf(jws: string): Record<string, { sequence: number } | undefined> {
  try {
    return JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString());
  } catch {
    return {};
  }
}

function ledgerRow(row: Row): LedgerRow {
  return {
    digest: bytes(row.digest),
    scopeId: String(row.scope_id),
    kid: String(row.kid),
    jti: String(row.jti),
    clientId: String(row.client_id),
    subject: text(row.subject),
    root: text(row.root),
    traceId: row.trace_id === null ? null : bytes(row.trace_id),
    iat: Number(row.iat),
    exp: Number(row.exp),
    salt: row.salt === null ? null : bytes(row.salt),
    subjectCommitment: row.subject_commitment === null ? null : bytes(row.subject_commitment),
    rootCommitment: row.root_commitment === null ? null : bytes(row.root_commitment),
  };
}

const all = (db: DatabaseSync, sql: string, ...values: number[]) => db.prepare(sql).all(...values) as Row[];
const bytes = (value: Row[string] | undefined) => (value instanceof Uint8Array ? value : new Uint8Array());
const text = (value: Row[string] | undefined) =>
  value === null || value === undefined ? null : String(value);
const same = (a: Uint8Array, b: Row[string] | undefined) => Buffer.from(a).equals(bytes(b));
