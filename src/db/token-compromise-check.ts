import type { Transaction } from 'kysely';
import { KeywardError } from '../kernel/errors.ts';
import { FIRST_TOKEN } from '../domain/hsm-token.ts';
import { noKeyMadeOn } from '../kernel/key-lifecycle/token-compromise.ts';
import type { KeyLifeChange } from '../kernel/registry.ts';
import { tokenOf } from './hsm-token-column.ts';
import type { Schema } from './schema.ts';
import type { Beside } from './signed/registry-changes.ts';

/** Within the commit of a new key: `hsm_token_compromised` where that of its token came first. */
export function onStandingToken(hsmToken: string): Beside {
  return async (trx) => {
    const marked = await trx
      .selectFrom('signing_keys')
      .select('hsm_token')
      .distinct()
      .where('token_compromised_at', 'is not', null)
      .execute();
    if (marked.some((row) => tokenOf(row.hsm_token) === hsmToken)) throw noKeyMadeOn(hsmToken);
  };
}

/** Within the commit of a compromise: `key_changed` where a key came to be on the token that it leaves out. */
export function leavingNoneOut(changes: readonly KeyLifeChange[]): Beside {
  const marked = changes.find(({ after }) => after.times.tokenCompromised !== null)?.after.kid;
  return async (trx) => {
    const kid = marked === undefined ? undefined : await unmarkedBeside(trx, marked);
    if (kid === undefined) return;
    throw new KeywardError('key_changed', `Key ${kid} was made on the HSM token meanwhile; ask again.`);
  };
}

async function unmarkedBeside(trx: Transaction<Schema>, marked: string): Promise<string | undefined> {
  const onTheSame = await trx
    .selectFrom('signing_keys as other')
    .innerJoin('signing_keys as marked', (join) =>
      join.on((eb) =>
        eb(
          eb.fn.coalesce('other.hsm_token', eb.val(FIRST_TOKEN)),
          '=',
          eb.fn.coalesce('marked.hsm_token', eb.val(FIRST_TOKEN)),
        ),
      ),
    )
    .select('other.kid')
    .where('marked.kid', '=', marked)
    .where('other.token_compromised_at', 'is', null)
    .where('other.state', 'not in', ['reserved', 'destroyed'])
    .executeTakeFirst();
  return onTheSame?.kid ?? undefined;
}
