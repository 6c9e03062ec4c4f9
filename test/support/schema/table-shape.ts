/** What a table is, in words that are the same whatever the engine. */
export interface TableShape {
  /** In order, as `name type not null default value`. */
  readonly columns: readonly string[];
  readonly primaryKey: readonly string[];
  /** Each as its columns. */
  readonly uniques: readonly string[];
  /** Each as `columns -> table(columns)`. */
  readonly foreignKeys: readonly string[];
  /** Each as the words in it: engines write the same condition differently. */
  readonly checks: readonly string[];
  /** As their texts without what engines write differently. */
  readonly indexes: readonly string[];
}

export type Tables = Readonly<Record<string, TableShape>>;

export function columnText(column: {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly default: string | null;
}): string {
  const { name, type, isRequired, default: value } = column;
  return [name, type, isRequired && 'not null', value !== null && `default ${withoutCasts(value)}`]
    .filter((part) => part !== false)
    .join(' ');
}

const WORDS_OF_SQL = new Set([
  'check',
  'in',
  'any',
  'array',
  'and',
  'or',
  'is',
  'not',
  'null',
  'like',
  'text',
]);

export function wordsOfCheck(text: string): string {
  const words = text.toLowerCase().match(/'[^']*'|[a-z_0-9]+/g) ?? [];
  return [...new Set(words)]
    .filter((word) => !WORDS_OF_SQL.has(word))
    .sort()
    .join(' ');
}

export function indexText(sql: string): string {
  return withoutCasts(sql)
    .toLowerCase()
    .replaceAll(/["()]|keyward\.|using btree/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(' ,', ',')
    .trim();
}

function withoutCasts(sql: string): string {
  return sql.replaceAll(/::[a-z]+/g, '');
}
