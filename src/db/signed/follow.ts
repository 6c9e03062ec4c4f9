import type { Follow } from '../../lib/emitter.ts';
import type { RegistryChanges } from './registry-changes.ts';
import type { RegistryTable } from './tables.ts';
import { type ChangedRow, changedIn, type RegistryView } from './trusted-registry.ts';

/** Makes of the rows of these tables what a view is told: `read` has the registry as it is after the change. */
export function follow<Table extends RegistryTable, Content>(
  changes: Pick<RegistryChanges, 'opened'>,
  tables: readonly Table[],
  read: (rows: readonly ChangedRow<Table>[], registry: RegistryView) => Content,
): Follow<Content> {
  const those = (changed: readonly ChangedRow[]) =>
    changed.filter((row) =>
      tables.some((table) => table === row.table),
    ) as readonly unknown[] as readonly ChangedRow<Table>[];
  return (view) => {
    const registry = changes.opened();
    const all = registry.all().flatMap(({ table, row }) => (row ? [changedIn(table, row)] : []));
    view(read(those(all), registry));
    return registry.changed.subscribe((changed) => {
      const rows = those(changed);
      if (rows.length > 0) view(read(rows, registry));
    });
  };
}
