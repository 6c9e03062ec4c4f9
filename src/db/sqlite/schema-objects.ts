import type { DatabaseSync } from 'node:sqlite';
import { printable } from '../../lib/html.ts';

interface SchemaObject {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  /** Null for an index that a constraint brings with it. */
  readonly sql: string | null;
}

/** What a database file says of its tables: every object with its text, and the settings that the file keeps. */
export interface OwnSchema {
  readonly objects: readonly SchemaObject[];
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Settings in the file's header that change what is read or that another program has marked it with. */
const SETTINGS = ['encoding', 'auto_vacuum', 'application_id', 'user_version'] as const;
/** Tables that SQLite makes and takes away by itself, word for word; none decides what a query answers. */
const OF_SQLITE = new Map([
  ['sqlite_stat1', 'CREATE TABLE sqlite_stat1(tbl,idx,stat)'],
  ['sqlite_stat4', 'CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)'],
]);

/** Names the first object or setting that is not as this version makes it; undefined where all is. */
export function foreignIn(db: DatabaseSync, own: OwnSchema): string | undefined {
  return differences(schemaOf(db), own).next().value;
}

/** All of them, for a report. */
export function allForeignIn(db: DatabaseSync, own: OwnSchema): string[] {
  return [...differences(schemaOf(db), own)];
}

/** Names a trigger, a view or a virtual table: no version of Keyward makes one. */
export function strangerIn(db: DatabaseSync): string | undefined {
  const stranger = schemaOf(db).objects.find(
    ({ type, sql }) => type === 'trigger' || type === 'view' || /^CREATE\s+VIRTUAL/i.test(sql ?? ''),
  );
  return stranger && `${nameOf(stranger)} is not Keyward's`;
}

function* differences(found: OwnSchema, own: OwnSchema): Generator<string, undefined> {
  const rest = new Map(own.objects.map((each) => [keyOf(each), each]));
  for (const object of found.objects) {
    const expected = rest.get(keyOf(object));
    rest.delete(keyOf(object));
    if (expected === undefined) yield `${nameOf(object)} is not Keyward's`;
    else if (expected.table !== object.table || expected.sql !== object.sql)
      yield `${nameOf(object)} is not as Keyward makes it`;
  }
  for (const missing of rest.values()) yield `${nameOf(missing)} is missing`;
  for (const setting of SETTINGS) {
    const [is, wanted] = [found.settings[setting], own.settings[setting]];
    if (is !== wanted) yield `${setting} is ${printable(String(is))}, not ${wanted}`;
  }
  return undefined;
}

/** The schema that a database has. */
export function schemaOf(db: DatabaseSync): OwnSchema {
  const rows = db.prepare('SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema').all();
  const objects = rows.map(({ type, name, table, sql }) => ({
    type: String(type),
    name: String(name),
    table: String(table),
    sql: sql === null ? null : String(sql),
  }));
  return {
    objects: objects.filter(({ name, sql }) => OF_SQLITE.get(name) !== sql || sql === null),
    settings: Object.fromEntries(SETTINGS.map((setting) => [setting, settingOf(db, setting)])),
  };
}

function settingOf(db: DatabaseSync, setting: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${setting}`).get() ?? {})[0];
}

function keyOf({ type, name }: SchemaObject): string {
  return `${type} ${name}`;
}

function nameOf({ type, name }: SchemaObject): string {
  return `${printable(type)} "${printable(name)}"`;
}
