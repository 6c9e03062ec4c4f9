import { type ExpressionBuilder, sql } from 'kysely';
import type { BrokenChain } from '../kernel/audit-chain.ts';
import type { IssuedQuestion, LivingTokens, LivingTokensQuestion } from '../kernel/ledger-search.ts';
import type { RecordColumns } from './ledger-row.ts';
import type { Schema } from './schema.ts';
import type { SearchSettings } from './search-protocol.ts';
import { compileQuery } from './sqlite-dialect.ts';

type By = IssuedQuestion['by'];

export interface IssuedSettings extends SearchSettings {
  readonly queries: Readonly<Record<By, IssuedQueries>>;
  /** A life, then the records between two sequences, the first excluded; scope, instant and a life. */
  readonly living: string;
}

/** Over the records between two sequences, the first excluded; then two `iat`, two values, and for `list` a limit. */
export interface IssuedQueries {
  readonly count: string;
  readonly list: string;
}

export interface IssuedCalls {
  issued: { asks: IssuedQuestion; answers: IssuedRows };
  living: { asks: LivingTokensQuestion; answers: LivingTokens };
  close: { asks: null; answers: null };
}

export interface IssuedRows {
  readonly tokens: number;
  readonly rows: readonly (RecordColumns & { readonly archived: boolean })[];
  /** Rows that were met and count for nothing. */
  readonly broken: readonly BrokenChain[];
  readonly complete: boolean;
}

const COLUMNS = {
  jti: 'jti',
  client: 'client_id',
  subject: 'subject',
} as const satisfies Record<By, keyof Schema['issuance_records']>;

export function compileIssuedQueries(): IssuedSettings['queries'] {
  return { jti: compiled('jti'), client: compiled('client'), subject: compiled('subject') };
}

function compiled(by: By): IssuedQueries {
  const records = (db: Parameters<Parameters<typeof compileQuery>[0]>[0]) =>
    db
      .selectFrom('issuance_records')
      .where('sequence', '>', 0)
      .where('sequence', '<=', 0)
      .where('iat', '>=', 0)
      .where('iat', '<=', 0)
      .where(COLUMNS[by], 'in', ['', '']);
  return {
    count: compileQuery((db) => records(db).select((eb) => eb.fn.countAll<number>().as('tokens'))),
    list: compileQuery((db) => records(db).selectAll().orderBy('sequence').limit(0)),
  };
}

export function compileLivingQuery(): string {
  const life = sql<number>`exp - iat`;
  const count = (db: ExpressionBuilder<Schema, 'issuance_records'>) => db.fn.countAll<number>();
  return compileQuery((db) =>
    db
      .selectFrom('issuance_records')
      .select((eb) => [
        count(eb).as('tokens'),
        count(eb).filterWhere(life, '>', 0).as('longer'),
        count(eb).filterWhere('subject', 'is', null).as('withoutSubject'),
      ])
      .where('sequence', '>', 0)
      .where('sequence', '<=', 0)
      .where('scope_id', '=', '')
      .where('exp', '>', 0)
      .where(life, '<=', 0),
  );
}
