/** `event_sequence` becomes `eventSequence`. */
type CamelCase<Name> = Name extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name;
/** `eventSequence` becomes `event_sequence`. */
type SnakeCase<Name> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : Name;

type CamelCased<Row> = { [Name in keyof Row as CamelCase<Name> & string]: Row[Name] };
type SnakeCased<Members> = { [Name in keyof Members as SnakeCase<Name> & string]: Members[Name] };

const toMember = remembering((column) => column.replace(/_(.)/g, (_, next: string) => next.toUpperCase()));
const toColumn = remembering((member) => member.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`));

/** A row with its columns named as members: for every table but those that the hot path reads. */
export function camelCased<Row extends object>(row: Row): CamelCased<Row> {
  return renamed(row, toMember) as CamelCased<Row>;
}

/** Members named as the columns of their table. It takes over every member, so hand in those that have a column. */
export function snakeCased<Members extends object>(members: Members): SnakeCased<Members> {
  return renamed(members, toColumn) as SnakeCased<Members>;
}

function renamed(object: object, rename: (name: string) => string): object {
  const renamed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) renamed[rename(name)] = value;
  return renamed;
}

/** Each name is worked out once: a walk reads many rows. */
function remembering(rename: (name: string) => string): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    const renamed = known.get(name) ?? rename(name);
    known.set(name, renamed);
    return renamed;
  };
}
