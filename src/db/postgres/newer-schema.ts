import type { SchemaObjects } from './own-schema.ts';

/**
 * What a newer version may have added to a schema without code of this one noticing. Nobody vouches for it: whoever writes
 * to the database can say that there is a newer version. So it is what runs nothing and refuses nothing of what this code
 * does: a table that it does not know, a column that it leaves null, an index over columns, a function that it does not call.
 */
export function isHarmless(name: string, text: string, own: SchemaObjects): boolean {
  const [, kind = '', rest = ''] = /^(\w+) (.*)$/s.exec(name) ?? [];
  return HARMLESS[kind]?.(rest, text, own) ?? false;
}

/** Of a type that brings no function of its own. */
const PLAIN = /^(?:text [tf] C|(?:bytea|bigint|smallint|integer|boolean) [tf]) /;
/** The same with no value but null where none is given. */
const NULLABLE = /^(?:text f C|(?:bytea|bigint|smallint|integer|boolean) f) {2}$/;
const PLAIN_INDEX = /^CREATE INDEX \w+ ON keyward\.(\w+) USING btree \(\w+(?:, \w+)*\) t t$/;
const INDEX_OF = /^CREATE (?:UNIQUE )?INDEX \w+ ON keyward\.(\w+) USING /;
/** No function of PostgreSQL has such a name, so none is called in its place. */
const FUNCTION = /^(kw_\w+)\(.*\)$/s;

type Check = (name: string, text: string, own: SchemaObjects) => boolean;

const HARMLESS: Readonly<Record<string, Check>> = {
  relation: (name, text) => /^\w+$/.test(name) && /^[rS] p f f$/.test(text),
  column(name, text, own) {
    const table = tableIn(name);
    return table !== undefined && (isNew(table, own) ? PLAIN : NULLABLE).test(text);
  },
  constraint(name, text, own) {
    const table = tableIn(name);
    // What follows a deletion elsewhere would follow one of this code's.
    return table !== undefined && isNew(table, own) && !/ ON (?:DELETE|UPDATE) /.test(text);
  },
  index(_, text, own) {
    const table = INDEX_OF.exec(text)?.[1];
    return table !== undefined && (isNew(table, own) || PLAIN_INDEX.test(text));
  },
  function(name, _, own) {
    const called = FUNCTION.exec(name)?.[1];
    return called !== undefined && ![...own.keys()].some((each) => each.startsWith(`function ${called}(`));
  },
  object(name) {
    const [, kind = '', rest = ''] = /^(\w+) (.*)$/s.exec(name) ?? [];
    if (kind === 'function') return FUNCTION.test(rest);
    return (kind === 'table' || kind === 'sequence') && /^\w+$/.test(rest);
  },
};

function tableIn(name: string): string | undefined {
  return /^(\w+)\.\w+$/.exec(name)?.[1];
}

function isNew(table: string, own: SchemaObjects): boolean {
  return !own.has(`relation ${table}`);
}

/** Whether it is the same check with more values: then it refuses nothing that it did not refuse before. */
export function isWider(found: string, own: string): boolean {
  const [before, after] = [listIn(own), listIn(found)];
  if (!before || !after || before.column !== after.column) return false;
  return before.values.every((value) => after.values.includes(value));
}

const LIST = /^CHECK \(\((\w+) = ANY \(ARRAY\[((?:'[\w.-]+'::text(?:, )?)+)\]\)\)\) t$/;

function listIn(text: string) {
  const [, column, values] = LIST.exec(text) ?? [];
  return column === undefined || values === undefined ? undefined : { column, values: values.split(', ') };
}
