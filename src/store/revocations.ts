import { randomBytes } from 'node:crypto';
import type { Selectable, Transaction } from 'kysely';
import type { Actor } from '../domain/access.ts';
import type { ChainHead } from '../domain/audit-chain.ts';
import type { Clock } from '../domain/clock.ts';
import { commitmentTo, SALT_BYTES } from '../domain/ledger-chain.ts';
import type { NewRevocation, Revocation, RevocationStore } from '../domain/revocation.ts';
import { type ChainedRevocation, REVOCATION_GENESIS, revocationHash } from '../domain/revocation-chain.ts';
import { appendAuditEvent } from './append-audit-event.ts';
import { actOf } from './audited-change.ts';
import type { Reader } from './reader.ts';
import type { Schema } from './schema.ts';
import type { Writer } from './writer.ts';

type Trx = Transaction<Schema>;

export function createRevocationStore(
  reader: Pick<Reader, 'read'>,
  writer: Pick<Writer, 'transaction'>,
  clock: Clock,
): RevocationStore {
  return {
    load: (now) => reader.read((trx) => readLive(trx, now)),
    append: (revocation, actor) =>
      writer.transaction((trx) => appendRevocation(trx, revocation, actor, clock.nowSeconds())),
  };
}

export async function revocationHead(trx: Trx): Promise<ChainHead> {
  const last = await trx
    .selectFrom('revocations')
    .select(['sequence', 'hash'])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last ?? REVOCATION_GENESIS;
}

async function readLive(trx: Trx, now: number): Promise<Revocation[]> {
  const rows = await trx
    .selectFrom('revocations')
    .selectAll()
    .where((eb) => eb.or([eb('lapses_at', 'is', null), eb('lapses_at', '>', now)]))
    .orderBy('sequence')
    .execute();
  return rows.map(fromRow);
}

export async function appendRevocation(
  trx: Trx,
  revocation: NewRevocation,
  actor: Actor,
  now: number,
): Promise<Revocation> {
  const head = await revocationHead(trx);
  const salt = revocation.root === null ? null : randomBytes(SALT_BYTES);
  const rootCommitment = commitmentTo('root', salt ?? new Uint8Array(SALT_BYTES), revocation.root);
  const chained: ChainedRevocation = { ...revocation, sequence: head.sequence + 1, rootCommitment };
  const hash = revocationHash(head.hash, chained);
  await trx
    .insertInto('revocations')
    .values({ ...toColumns(chained), root: revocation.root, root_salt: salt, hash })
    .execute();
  await appendAuditEvent(
    trx,
    actOf(actor, 'revocation.added', subjectOf(revocation), detailsOf(chained)),
    now,
  );
  return { ...revocation, sequence: chained.sequence };
}

function toColumns(of: ChainedRevocation) {
  const { rootCommitment: root_commitment, createdAt: created_at, revokedBy: revoked_by } = of;
  return { ...detailsOf(of), root_commitment, created_at, revoked_by };
}

/** What the audit event tells: everything but the root event itself, which must stay erasable. */
function detailsOf(of: ChainedRevocation) {
  return {
    sequence: of.sequence,
    scope_id: of.scopeId,
    jti: of.jti,
    root_commitment: Buffer.from(of.rootCommitment).toString('base64url'),
    client_id: of.clientId,
    issued_from: of.issuedFrom,
    issued_until: of.issuedUntil,
    lapses_at: of.lapsesAt,
    reason: of.reason,
  };
}

function subjectOf({ scopeId }: NewRevocation): string {
  return scopeId === null ? 'revocations' : `scope:${scopeId}`;
}

function fromRow(row: Selectable<Schema['revocations']>): Revocation {
  return {
    sequence: row.sequence,
    createdAt: row.created_at,
    scopeId: row.scope_id,
    jti: row.jti,
    root: row.root,
    clientId: row.client_id,
    issuedFrom: row.issued_from,
    issuedUntil: row.issued_until,
    lapsesAt: row.lapses_at,
    revokedBy: row.revoked_by,
    reason: row.reason,
  };
}
