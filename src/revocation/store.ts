import { randomBytes } from 'node:crypto';
import { appendAuditEvent, ownRevocationHead } from '../db/append-audit-event.ts';
import { memoryOf } from '../db/chain-end.ts';
import type { ReadThread } from '../db/read-thread.ts';
import type { Trx } from '../db/schema.ts';
import type { Writer } from '../db/writer.ts';
import type { Actor } from '../kernel/actor.ts';
import { actOf } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import { commitmentTo, SALT_BYTES } from '../kernel/ledger-chain.ts';
import {
  type ChainedRevocation,
  type NewRevocation,
  REVOCATION_ADDED,
  type Revocation,
  type RevocationStore,
  revocationHash,
} from '../kernel/revocation.ts';

export function createRevocationStore(
  walks: Pick<ReadThread, 'ask'>,
  writer: Pick<Writer, 'transaction' | 'revocationEnd'>,
  clock: Clock,
): RevocationStore {
  return {
    page: (after, now) => walks.ask('walkRevocations', { after, now }),
    end: () => writer.revocationEnd,
    append: (revocation, actor) =>
      writer.transaction((trx) => appendRevocation(trx, revocation, actor, clock.nowSeconds())),
  };
}

export async function appendRevocation(
  trx: Trx,
  revocation: NewRevocation,
  actor: Actor,
  now: number,
): Promise<Revocation> {
  const head = await ownRevocationHead(trx);
  const salt = revocation.root === null ? null : randomBytes(SALT_BYTES);
  const rootCommitment = commitmentTo('root', salt ?? new Uint8Array(SALT_BYTES), revocation.root);
  const chained: ChainedRevocation = { ...revocation, sequence: head.sequence + 1, rootCommitment };
  const hash = revocationHash(head.hash, chained);
  await trx
    .insertInto('revocations')
    .values({ ...toColumns(chained), root: revocation.root, root_salt: salt, hash })
    .execute();
  memoryOf(trx).revocations.append({ sequence: chained.sequence, hash });
  const details = { ...detailsOf(chained), hash: hash.toString('base64url') };
  await appendAuditEvent(trx, actOf(actor, REVOCATION_ADDED, subjectOf(revocation), details), now);
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
