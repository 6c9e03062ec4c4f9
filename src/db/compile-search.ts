import type { LedgerQuery } from '../kernel/ledger-search.ts';
import { hashedSubject } from '../kernel/policy.ts';
import type { CompiledSearch } from './search-protocol.ts';
import { compileQuery } from './sqlite-dialect.ts';

type Filter = readonly [column: string, operator: '=' | '>=' | '<=', value: string | number];

const COLUMNS = {
  scopeId: ['scope_id', '='],
  kid: ['kid', '='],
  jti: ['jti', '='],
  clientId: ['client_id', '='],
  root: ['root', '='],
  from: ['iat', '>='],
  to: ['iat', '<='],
} as const satisfies Partial<Record<keyof LedgerQuery, readonly [string, Filter[1]]>>;

export function compileSearch(query: LedgerQuery): CompiledSearch {
  const given = (Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]).flatMap((member) => {
    const value = query[member];
    return value === undefined ? [] : [[...COLUMNS[member], value] as const];
  });
  const { subject } = query;
  const subjects = subject === undefined ? undefined : [subject, hashedSubject(subject)];
  const sql = compileQuery((db) => {
    let select = db.selectFrom('issuance_records').selectAll().where('sequence', '>', 0);
    select = select.where('sequence', '<=', 0);
    for (const [column, operator, value] of given) select = select.where(column, operator, value);
    if (subjects) select = select.where('subject', 'in', subjects);
    return select.orderBy('sequence').limit(0);
  });
  return {
    sql,
    filters: [...given.map(([, , value]) => value), ...(subjects ?? [])],
    from: query.from ?? null,
    to: query.to ?? null,
  };
}
