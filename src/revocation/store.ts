import { randomBytes } from 'node:crypto';
import type { ExpressionBuilder } from 'kysely';
import { snakeCased } from '../db/camel-case.ts';
import { memoryOf, raiseFence } from '../db/chain-end.ts';
import { requireProven } from '../db/proven-reads.ts';
import type { ReadThread } from '../db/read-thread.ts';
import { commitmentOf, revocationFromRow, revocationTable } from '../db/revocation-table.ts';
import type { Schema, Trx, TrxWriter } from '../db/schema.ts';
import { appendTestified, ownLastRevocation, passRevocations } from '../db/testified.ts';
import { toldAmong } from '../db/told-revocations.ts';
import { type Actor, KEYWARD } from '../kernel/actor.ts';
import { AUDIT_GENESIS } from '../kernel/audit-chain.ts';
import { SALT_BYTES } from '../kernel/ledger-chain.ts';
import type { FoundRevocation, NewRevocation, Revocation, RevocationStore } from '../kernel/revocation.ts';

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

const [REQUIRED, OPTIONAL] = [
  ['sequence', 'created_at', 'audit_sequence'],
  ['issued_from', 'issued_until', 'lapses_at', 'instead_of'],
] as const;

/** A row with a number that cannot be read is none that a service wrote, and would fail the whole list. */
const areReadable = (eb: ExpressionBuilder<Schema, 'revocations'>) =>
  eb.and([
    ...REQUIRED.map((name) => eb(name, '<=', Number.MAX_SAFE_INTEGER)),
    ...OPTIONAL.map((name) => eb.or([eb(name, 'is', null), eb(name, '<=', Number.MAX_SAFE_INTEGER)])),
  ]);

/**
 * The next of them behind that number, whoever made them: only what standbys have, since the number of one that is lost is
 * given again. `audit_trail_refused` for one that was changed.
 */
export async function revocationsAfter(trx: Trx, sequence: number): Promise<readonly FoundRevocation[]> {
  const rows = await trx
    .selectFrom('revocations')
    .selectAll()
    .where('sequence', '>', sequence)
    .where(areReadable)
    .orderBy('sequence')
    .limit(PAGE)
    .execute();
  if (rows.length > 0) await requireProven(trx);
  const told = await toldAmong(trx, rows);
  return rows.map((row) => ({ revocation: revocationFromRow(row), isTold: told.has(row) }));
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
