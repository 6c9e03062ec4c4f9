import type { Clock } from '../kernel/clock.ts';
import type { Reader } from './reader.ts';
import { unavailable } from './sqlite-failure.ts';
import type { Writer } from './writer.ts';

/** One durable write through the same queue as every record, read back over the other connection. */
export async function probe(
  writer: Pick<Writer, 'transaction'>,
  reader: Pick<Reader, 'read'>,
  clock: Clock,
): Promise<void> {
  const checked_at = clock.nowSeconds();
  await writer.transaction((trx) =>
    trx
      .insertInto('readiness')
      .values({ id: 1, checked_at })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ checked_at }))
      .execute(),
  );
  const found = await reader.read((trx) =>
    trx.selectFrom('readiness').select('checked_at').executeTakeFirst(),
  );
  if (found === undefined || found.checked_at < checked_at) {
    throw unavailable(new Error('what was written cannot be read back'));
  }
}
