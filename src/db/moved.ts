import { KeywardError } from '../kernel/errors.ts';
import type { Trx } from './schema.ts';

/** The last audit event of a database that was moved: the trail goes on in another one. */
export const DATABASE_LEFT = 'database.left';

export async function lastEventType(trx: Trx): Promise<string | undefined> {
  const last = await trx
    .selectFrom('audit_events')
    .select('type')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last?.type;
}

/** `database_moved` where the trail ends with the event of a move. */
export async function refuseMoved(trx: Trx): Promise<void> {
  if ((await lastEventType(trx)) !== DATABASE_LEFT) return;
  throw new KeywardError(
    'database_moved',
    'This database was moved with keyward migrate-store: name the one that it was moved to in the configuration. If ' +
      'the command was cut short, run it again.',
  );
}
