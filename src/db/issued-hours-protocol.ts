import { sql } from 'kysely';
import type { IssuedHours } from '../kernel/ledger-search.ts';
import type { SearchSettings } from './search-protocol.ts';
import { compileQuery } from './sqlite-dialect.ts';

export interface IssuedHoursSettings extends SearchSettings {
  readonly query: string;
}

export interface IssuedHoursCalls {
  between: { asks: { readonly from: number; readonly to: number }; answers: IssuedHours };
  close: { asks: null; answers: null };
}

/** Over the records between two sequences, the first excluded; then two `iat`, both included. */
export function compileIssuedHoursQuery(): string {
  const hour = sql<number>`iat / 3600`;
  return compileQuery((db) =>
    db
      .selectFrom('issuance_records')
      .select(['client_id as client', 'scope_id as scope', hour.as('hour')])
      .select((eb) => eb.fn.countAll<number>().as('tokens'))
      .where('sequence', '>', 0)
      .where('sequence', '<=', 0)
      .where('iat', '>=', 0)
      .where('iat', '<=', 0)
      .groupBy(['client_id', 'scope_id', hour]),
  );
}
