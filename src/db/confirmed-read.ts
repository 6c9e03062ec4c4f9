import type { LedgerConnection } from './ledger-connection.ts';
import type { Rows } from './rows.ts';

/**
 * What does not hold is read once more from a server that is known to commit: one that was replaced has what nobody else
 * has. `store_unavailable` where none can be confirmed.
 */
export async function readConfirmed<T>(
  connection: LedgerConnection,
  read: (rows: Rows) => Promise<T>,
  { isSound, again }: { readonly isSound: (found: T) => boolean; readonly again: (rows: Rows) => Promise<T> },
): Promise<T> {
  const found = await connection.read(read);
  if (isSound(found) || !connection.confirmServer) return found;
  await connection.confirmServer();
  return await connection.read(again);
}
