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
