import { randomBytes } from 'node:crypto';
import { snakeCased } from '../db/camel-case.ts';
import { memoryOf, raiseFence } from '../db/chain-end.ts';
import { requireProven } from '../db/proven-reads.ts';
import type { ReadThread } from '../db/read-thread.ts';
import { commitmentOf, revocationFromRow, revocationTable } from '../db/revocation-table.ts';
import type { Trx, TrxWriter } from '../db/schema.ts';
import { appendTestified, ownLastRevocation, passRevocations } from '../db/testified.ts';
import { type Actor, KEYWARD } from '../kernel/actor.ts';
import { AUDIT_GENESIS } from '../kernel/audit-chain.ts';
import { SALT_BYTES } from '../kernel/ledger-chain.ts';
import type { NewRevocation, Revocation, RevocationStore } from '../kernel/revocation.ts';

/** Read at once of what other fronts made. */
export const PAGE = 1_000;

export function createRevocationStore(walks: Pick<ReadThread, 'ask'>, writer: TrxWriter): RevocationStore {
  return {
    page: (after, now, seen = AUDIT_GENESIS) => walks.ask('walkRevocations', { after, now, seen }),
    append: (revocation, actor) => writer.transaction((trx) => appendRevocation(trx, revocation, actor)),
    makeAgain: (standIns, lastNumber) =>
      writer.transaction(async (trx) => {
        passRevocations(trx, lastNumber);
        const made: Revocation[] = [];
        for (const { rule, insteadOf } of standIns) {
          made.push(await appendRevocation(trx, rule, KEYWARD, insteadOf));
        }
        return made;
      }),
  };
}

/**
 * The next of them behind that number, whoever made them: only what standbys have, since the number of one that is lost is
 * given again.
 */
export async function revocationsAfter(trx: Trx, sequence: number): Promise<readonly Revocation[]> {
  const rows = await trx
    .selectFrom('revocations')
    .selectAll()
    .where('sequence', '>', sequence)
    .orderBy('sequence')
    .limit(PAGE)
    .execute();
  if (rows.length > 0) await requireProven(trx);
  return rows.map(revocationFromRow);
}

export async function appendRevocation(
  trx: Trx,
  revocation: NewRevocation,
  actor: Actor,
  insteadOf: number | null = null,
): Promise<Revocation> {
  await ownLastRevocation(trx);
  const { root } = revocation;
  const root_salt = root === null ? null : randomBytes(SALT_BYTES);
  const root_commitment = commitmentOf(root, root_salt);
  const values = { ...snakeCased(revocation), root_salt, root_commitment, instead_of: insteadOf };
  const { revocations, lastRevocation } = memoryOf(trx);
  const row = await appendTestified(trx, revocationTable, values, actor, lastRevocation);
  raiseFence(trx);
  revocations.append({ ...AUDIT_GENESIS, sequence: row.sequence });
  return revocationFromRow(row);
}
