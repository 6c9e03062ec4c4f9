import type { Rows } from './rows.ts';

/** An engine's connection, as it is used by one thread. */
export interface LedgerConnection {
  /** All that `read` sees is of one moment. One at a time: none within another. */
  read<T>(read: (rows: Rows) => Promise<T>): Promise<T>;
  /**
   * Settles once the server that was read is known to be the one that commits, and what is read next is of it; absent
   * where one place holds all there is. `store_unavailable` for a server that may have been replaced.
   */
  confirmServer?(): Promise<void>;
  /**
   * Settles once what the connection did not find is known not to be there; absent where one place holds all there is.
   * `store_unavailable` for a server that may have been replaced, or whose ledger ends before the group `end`.
   */
  confirmAbsence?(end: number | undefined): Promise<void>;
  close(): void | Promise<void>;
}

/**
 * What is found unsound is read once more, from a server that is proven to commit: a server that was replaced may show what
 * no other has. `store_unavailable` where none is proven.
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
