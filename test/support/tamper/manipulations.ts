import type { DatabaseSync } from 'node:sqlite';
import {
  deletion,
  describeTable,
  edit,
  insert,
  insertion,
  keyText,
  olderVersions,
  type Row,
  reading,
  same,
  swap,
  type Table,
  type Tampering,
  tablesIn,
} from '../tampering.ts';
import { tablesOfSet } from './table-sets.ts';

export const KINDS = [
  'edit',
  'swap',
  'delete',
  'insert',
  'older row',
  'tables of before',
  'cut tail',
  'trigger',
  'view',
] as const;
export type Kind = (typeof KINDS)[number];

export interface Manipulation extends Tampering {
  readonly table: string;
  readonly kind: Kind;
  /** Of the oldest row. */
  readonly isOldest?: boolean;
}

export interface Databases {
  readonly file: string;
  /** The same before the last changes. */
  readonly older: string;
}

/** Everything that somebody with write access to the file does to one table. */
export function manipulationsOf(table: string, of: Databases): Manipulation[] {
  return KINDS.flatMap((kind) => MAKERS[kind](table, of).map((each) => ({ ...each, table, kind })));
}

type Made = Tampering & Pick<Manipulation, 'isOldest'>;

const MAKERS: Record<Kind, (table: string, of: Databases) => Made[]> = {
  edit: (name, { file }) => {
    const { table, ends } = readTable(file, name);
    return ends.flatMap((row, at) =>
      table.columns.map((column) => ({ ...edit(table, row, column), isOldest: at === 0 })),
    );
  },
  swap: (name, { file }) => {
    const { table, ends } = readTable(file, name);
    const [first, last] = ends;
    return first && last && table.key.length < table.columns.length ? [swap(table, first, last)] : [];
  },
  delete: (name, { file }) => {
    const { table, ends } = readTable(file, name);
    return ends.map((row, at) => ({ ...deletion(table, row), isOldest: at === 0 }));
  },
  insert: (name, { file }) => {
    const { table, ends } = readTable(file, name);
    const last = ends.at(-1);
    return last ? [insertion(table, last)] : [];
  },
  'older row': (name, { file, older }) => olderVersions(file, older, name),
  'tables of before': (name, { older }) => [
    { name: `puts the tables of ${name} back`, apply: (db) => putBack(db, older, tablesOfSet(name)) },
  ],
  'cut tail': (name, { file, older }) => {
    const newer = newerRows(name, file, older);
    if (newer.length === 0) return [];
    const { table } = readTable(file, name);
    const apply = (db: DatabaseSync) => {
      for (const row of newer) deletion(table, row).apply(db);
    };
    return [{ name: `cuts ${newer.length} rows off ${name}`, apply }];
  },
  trigger: (name, { file }) => {
    const column = readTable(file, name).table.columns.at(-1)?.name;
    return [
      {
        name: `ignores inserts into ${name}`,
        apply: (db) =>
          db.exec(`CREATE TRIGGER quiet BEFORE INSERT ON "${name}" BEGIN SELECT RAISE(IGNORE); END`),
      },
      {
        name: `alters what is inserted into ${name}`,
        apply: (db) =>
          db.exec(
            `CREATE TRIGGER quiet AFTER INSERT ON "${name}" BEGIN UPDATE "${name}" SET "${column}" = NULL WHERE rowid = NEW.rowid; END`,
          ),
      },
    ];
  },
  view: (name) => [
    {
      name: `a view in place of ${name}`,
      apply: (db) =>
        db.exec(`ALTER TABLE "${name}" RENAME TO hidden; CREATE VIEW "${name}" AS SELECT * FROM hidden`),
    },
  ],
};

function readTable(file: string, name: string): { table: Table; rows: Row[]; ends: Row[] } {
  return reading(file, (db) => {
    const rows = db.prepare(`SELECT * FROM "${name}"`).all() as Row[];
    const [first, last] = [rows[0], rows.at(-1)];
    const ends = first && last ? (rows.length > 1 ? [first, last] : [first]) : [];
    return { table: describeTable(db, name), rows, ends };
  });
}

/** Those that the older copy has not; where it has them all, the last. */
function newerRows(name: string, file: string, older: string): Row[] {
  const { table, rows } = readTable(file, name);
  const had = new Set(readTable(older, name).rows.map((row) => keyText(table, row)));
  const newer = rows.filter((row) => !had.has(keyText(table, row)));
  return newer.length > 0 ? newer : rows.slice(-1);
}

function putBack(db: DatabaseSync, older: string, tables: readonly string[]): void {
  for (const name of tables.filter((each) => tablesIn(older).includes(each))) {
    const { table, rows } = readTable(older, name);
    const now = db.prepare(`SELECT * FROM "${name}"`).all() as Row[];
    if (now.length === rows.length && now.every((row, at) => same(table, row, rows[at] ?? {}))) continue;
    db.exec(`DELETE FROM "${name}"`);
    for (const row of rows) insert(db, table, row);
  }
}
