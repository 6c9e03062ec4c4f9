import { DatabaseSync } from 'node:sqlite';
import { type RunKey, sealHash } from '../../src/kernel/audit-chain.ts';
import type { IssuanceRecord } from '../../src/kernel/issuance.ts';
import { CHAIN_START, groupHash, rowHashes } from '../../src/kernel/ledger-chain.ts';
import { traceIdBytes } from '../../src/kernel/trace.ts';

export interface ForgedPlace {
  readonly group: number;
  readonly record: number;
  /** Default: the hash of the group before, or the beginning. */
  readonly previousHash?: Uint8Array;
  readonly committedAt?: number;
  /** A run of the forger's own, which is put among the others. */
  readonly run?: RunKey;
}

const SALT = Buffer.alloc(16, 7);

/** As somebody who can write to the file does it: records in a group of their own, every hash as it must be. */
export function forgeRecords(file: string, records: readonly IssuanceRecord[], place: ForgedPlace): void {
  const db = new DatabaseSync(file, { timeout: 5_000 });
  const rows = records.map((record) => ({
    ...record,
    traceId: traceIdBytes(record.traceId),
    salt: SALT,
    subjectCommitment: null,
    rootCommitment: null,
  }));
  const before = db.prepare('SELECT group_hash FROM ledger_groups WHERE sequence = ?').get(place.group - 1);
  const previousHash = place.previousHash ?? (before?.group_hash as Uint8Array | undefined) ?? CHAIN_START;
  const committedAt = place.committedAt ?? records[0]?.iat ?? 0;
  const hashes = rowHashes(rows);
  const hash = groupHash({ previousHash, sequence: place.group, committedAt }, hashes);
  const { run } = place;
  const seal = run ? sealHash(run, 'ledger', { sequence: place.group, hash }) : null;
  db.exec('BEGIN');
  for (const [index, row] of rows.entries()) {
    const { digest, scopeId, kid, jti, clientId, subject, root, traceId, iat, exp } = row;
    db.prepare(
      `INSERT INTO issuance_records (sequence, digest, scope_id, kid, jti, client_id, subject, root, trace_id, iat, exp, salt,
       group_sequence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      place.record + index,
      digest,
      scopeId,
      kid,
      jti,
      clientId,
      subject,
      root,
      traceId,
      iat,
      exp,
      SALT,
      place.group,
    );
  }
  db.prepare(
    `INSERT INTO ledger_groups (sequence, first_record, row_count, committed_at, previous_hash, group_hash, run_id, seal)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(place.group, place.record, rows.length, committedAt, previousHash, hash, run?.id ?? null, seal);
  db.prepare('INSERT INTO ledger_row_hashes (group_sequence, hashes) VALUES (?, ?)').run(place.group, hashes);
  if (run) {
    db.prepare('INSERT INTO runs (id, public_key, started_at) VALUES (?, ?, ?)').run(
      run.id,
      run.publicKey,
      run.startedAt,
    );
  }
  db.exec('COMMIT');
  db.close();
}
