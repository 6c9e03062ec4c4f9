import type { ChainHead } from '../../kernel/audit-chain.ts';
import { headOf } from '../chain-end.ts';
import type { DatabaseSettings } from '../database-settings.ts';
import { DATABASE_LEFT, lastEventType } from '../moved.ts';
import { openReader } from '../open-engine.ts';
import { type InitialCopy, initialCopyIn } from './initial-copy.ts';
import { firstFilled } from './row-pages.ts';

/** How far a database got, as far as a move has to know. */
export interface DatabaseEnd {
  readonly isEmpty: boolean;
  /** Whether it was moved, so that no service starts on it. */
  readonly isLeft: boolean;
  readonly audit: ChainHead;
  /** Where a move has begun to fill it. */
  readonly initialCopy: InitialCopy | undefined;
}

/** Of a database that is there, with the tables of this version. `store_unavailable`. */
export async function endOf(database: DatabaseSettings): Promise<DatabaseEnd> {
  const reader = await openReader(database);
  try {
    return await reader.read(async (trx) => ({
      isEmpty: (await firstFilled(trx)) === undefined,
      isLeft: (await lastEventType(trx)) === DATABASE_LEFT,
      audit: await headOf(trx, 'audit'),
      initialCopy: await initialCopyIn(trx),
    }));
  } finally {
    await reader.close();
  }
}
