import type { Kind } from './manipulations.ts';
import type { State } from './service-cell.ts';

export interface Harmless {
  readonly table: string;
  /** Why it changes no answer and hides no act. */
  readonly why: string;
  /** Default: all but triggers and views, which change other tables' rows too. */
  readonly kinds?: readonly Kind[];
  /** Of edits, only those of these columns. */
  readonly columns?: readonly string[];
  /** Of edits, all but those of these columns. */
  readonly butColumns?: readonly string[];
  /** Only the oldest row; default: all. */
  readonly isOldest?: true;
  /** Default: all. */
  readonly states?: readonly State[];
}

/** What may be done to rows that neither decide nor testify. A closed list. */
export const HARMLESS: readonly Harmless[] = [
  { table: 'readiness', why: 'the time of the last check that a write can be read back; nothing reads it' },
  {
    table: 'detection_memory',
    why: 'what is usual for a client: an alarm comes too often or once less, and no token is judged by it',
  },
  {
    table: 'ledger_row_hashes',
    why: 'what saves a look-up time: where they do not give the hash of the group, the rows are hashed',
  },
  { table: 'kysely_migration_lock', why: 'the one writer migrates in one transaction' },
  {
    table: 'kysely_migration',
    why: 'names in their order are compared at each start, times are not; both rows before are those of now',
    kinds: ['edit', 'swap', 'older row', 'tables of before'],
    columns: ['timestamp'],
  },
  {
    table: 'audit_deliveries',
    why: 'a sink without a place is asked for its own end, or gets again what it has; a place ahead is found',
    kinds: ['edit', 'delete', 'insert', 'older row', 'tables of before', 'cut tail'],
    columns: ['sink', 'host'],
  },
  {
    table: 'notification_deliveries',
    why: 'of a message that was sent only which events it told of is read again; from an earlier state it is sent again',
    kinds: ['edit', 'swap', 'insert', 'older row', 'tables of before'],
    butColumns: ['event_sequence'],
  },
  {
    table: 'notification_deliveries',
    why: 'the first told of an event of long ago and was sent: the outbox forgets such a message after seven days',
    kinds: ['edit', 'delete'],
    isOldest: true,
  },
  {
    table: 'notification_awaited',
    why: 'a time counts up to the patience of the route from now; from a route that is not there it starts all over',
    kinds: ['edit', 'swap', 'older row', 'tables of before'],
    columns: ['due_at', 'route'],
  },
  {
    table: 'notification_place',
    why: 'from an earlier place, or none, what the outbox lacks is told again; only the first row is read',
    kinds: ['edit', 'delete', 'insert', 'older row', 'tables of before', 'cut tail'],
    columns: ['id'],
  },
  {
    table: 'notification_place',
    why: 'the place in memory decides, and is written over the one in the database',
    kinds: ['edit'],
    states: ['running'],
  },
];

export function isHarmless(of: {
  readonly table: string;
  readonly kind: Kind;
  readonly state: State;
  readonly name: string;
  readonly isOldest?: boolean | undefined;
}): boolean {
  if (of.kind === 'trigger' || of.kind === 'view') return false;
  const isEditOf = (columns: readonly string[]) =>
    columns.some((column) => of.name.startsWith(`edits ${of.table}.${column} of`));
  return HARMLESS.some(
    ({ table, kinds = [of.kind], columns, butColumns = [], isOldest, states = [of.state] }) => {
      if (table !== of.table || !kinds.includes(of.kind) || !states.includes(of.state)) return false;
      if (isOldest && !of.isOldest) return false;
      return of.kind !== 'edit' || ((!columns || isEditOf(columns)) && !isEditOf(butColumns));
    },
  );
}
