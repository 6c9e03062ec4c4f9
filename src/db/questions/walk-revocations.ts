import type { DatabaseSync } from 'node:sqlite';
import type { Selectable } from 'kysely';
import type { BrokenChain, ChainHead } from '../../kernel/audit-chain.ts';
import { commitmentTo, SALT_BYTES } from '../../kernel/ledger-chain.ts';
import { type Revocation, type RevocationPage, revocationHash } from '../../kernel/revocation.ts';
import type { OpenLedger } from '../open-ledger.ts';
import type { Schema } from '../schema.ts';
import { Statements } from '../statements.ts';
import { chainedRevocation, isUnsafeNumber, revocationFromRow, unsafeNumber } from '../walk-chains.ts';

type Row = Selectable<Schema['revocations']>;

const ROWS_A_STEP = 2_000;
const NO_SALT = new Uint8Array(SALT_BYTES);

const statements = new Statements({
  next: 'SELECT * FROM revocations WHERE sequence > ? ORDER BY sequence LIMIT ?',
});

interface RevocationsQuery {
  readonly after: ChainHead;
  /** Those in force then are answered; null for none. */
  readonly now: number | null;
}

/** The next revocations: the first that is not as it was made, and those in force. */
export function walkRevocations({ connection }: OpenLedger, asks: RevocationsQuery): RevocationPage {
  return connection.read((db) => walked(db, asks));
}

function walked(db: DatabaseSync, { after, now }: RevocationsQuery): RevocationPage {
  const inForce: Revocation[] = [];
  let broken: BrokenChain | undefined;
  let at = after;
  try {
    const rows = statements.of(db).next.all(after.sequence, ROWS_A_STEP) as unknown as Row[];
    for (const row of rows) {
      broken ??= flawOf(row, at);
      at = { sequence: row.sequence, hash: row.hash };
      if (now !== null && (row.lapses_at === null || row.lapses_at > now))
        inForce.push(revocationFromRow(row));
    }
    return { at, broken, inForce, isEnd: rows.length < ROWS_A_STEP };
  } catch (error) {
    if (!isUnsafeNumber(error)) throw error;
    return { at, broken: unsafeNumber('revocation', at.sequence), inForce, isEnd: true };
  }
}

function flawOf(row: Row, before: ChainHead): BrokenChain | undefined {
  const place = `revocation ${row.sequence}`;
  if (row.sequence !== before.sequence + 1) {
    return { place: `revocation ${before.sequence + 1}`, why: 'it is gone' };
  }
  if (!revocationHash(before.hash, chainedRevocation(row)).equals(row.hash)) {
    return { place, why: 'its content and the one before it do not give its hash' };
  }
  return hasOwnRoot(row) ? undefined : { place, why: 'its root event is not the one it was made with' };
}

function hasOwnRoot({ root, root_salt, root_commitment }: Row): boolean {
  if ((root === null) !== (root_salt === null)) return false;
  return commitmentTo('root', root_salt ?? NO_SALT, root).equals(root_commitment);
}
