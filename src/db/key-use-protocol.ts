import { sql } from 'kysely';
import type { KeyUse, KeyUseQuestion } from '../kernel/key-administration.ts';
import type { SearchSettings } from './search-protocol.ts';
import { compileQuery } from './sqlite-dialect.ts';

export interface KeyUseSettings extends SearchSettings {
  readonly queries: KeyUseQueries;
}

/** Over the records between two sequences, the first excluded; then the kid. */
export interface KeyUseQueries {
  /** And the instant at which tokens shall be alive. */
  readonly live: string;
  readonly first: string;
  readonly last: string;
}

export interface KeyUseCalls {
  use: { asks: KeyUseQuestion; answers: KeyUse };
  close: { asks: null; answers: null };
}

export function compileKeyUseQueries(): KeyUseQueries {
  const issued = (order: 'asc' | 'desc') =>
    compileQuery((db) =>
      db
        .selectFrom('issuance_records')
        .select('iat')
        .where('sequence', '>', 0)
        .where('sequence', '<=', 0)
        .where('kid', '=', '')
        .orderBy('sequence', order)
        .limit(sql.lit(1)),
    );
  return {
    live: compileQuery((db) =>
      db
        .selectFrom('issuance_records')
        .select(['client_id', 'subject', (eb) => eb.fn.countAll<number>().as('tokens')])
        .where('sequence', '>', 0)
        .where('sequence', '<=', 0)
        .where('kid', '=', '')
        .where('exp', '>', 0)
        .groupBy(['client_id', 'subject']),
    ),
    first: issued('asc'),
    last: issued('desc'),
  };
}
