import type { DatabaseSync } from 'node:sqlite';
import {
  deletion,
  describeTable,
  differences,
  insertMissing,
  rowsByContent,
  type Tampering,
} from '../tampering.ts';

/** Does it, and tells how to take it back row by row, so that what others write meanwhile stays. */
export function undoable(tables: readonly string[], apply: Tampering['apply']) {
  let undo: Tampering['apply'] = () => {};
  return {
    apply(db: DatabaseSync) {
      const before = tables.map((name) => rowsByContent(db, name));
      apply(db);
      const changes = tables.map((name, at) => ({
        table: describeTable(db, name),
        ...differences(before[at] ?? new Map(), rowsByContent(db, name)),
      }));
      undo = (later) => {
        for (const { table, come } of changes) for (const row of come) deletion(table, row).apply(later);
        // What the service has put back itself stays as it has it.
        for (const { table, gone } of changes) for (const row of gone) insertMissing(later, table, row);
      };
    },
    undo: (db: DatabaseSync) => undo(db),
  };
}
