import type { AuditEvent, StoredEvent, TrailPart } from '../kernel/audit.ts';
import type { TestifiedName, TestifiedRow, UnwrittenRow } from './schema.ts';
import type { StoredTrail } from './stored-trail.ts';

/** What an audit event says of a row: all of its values, those that can be erased by a commitment. */
interface AuditRecord extends Pick<AuditEvent, 'type' | 'subject' | 'details'> {
  readonly time: number;
  /** Undefined where the row names somebody else than whoever wrote it. */
  readonly actor: string | undefined;
}

/** How the rows of a table and audit events testify to each other: one composition, for writing and for checking. */
export interface TestifiedTable<T extends TestifiedName> {
  readonly table: T;
  /** The types of its audit events: the part that findings name, and what such an event tells of. */
  readonly types: Readonly<Record<string, { readonly part: TrailPart; readonly tells: string }>>;
  /** Such as `report 7Q3K-M2XD`. */
  name(row: TestifiedRow<T>): string;
  auditRecord(row: UnwrittenRow<T>): AuditRecord;
  /** What does not fit a commitment that the audit event holds. */
  flaw?(row: TestifiedRow<T>): string | undefined;
  /** What does not fit other rows. */
  flawBeside?(row: TestifiedRow<T>, trail: StoredTrail): string | undefined;
  /** Whether a later row stands in the place of the one that the event tells of. */
  isReplaced?(event: StoredEvent, trail: StoredTrail): boolean;
  /** Rows whose personal values are gone; that member of audit events of these types says how many those are. */
  readonly erasures?: {
    readonly part: TrailPart;
    readonly types: readonly string[];
    readonly member: string;
    readonly what: string;
    isErased(row: TestifiedRow<T>): boolean;
  };
}

/** Why the audit event does not testify to the row as it stands; undefined where it does. */
export function flawOf<T extends TestifiedName>(
  { auditRecord, types, flaw }: Pick<TestifiedTable<T>, 'auditRecord' | 'types' | 'flaw'>,
  row: TestifiedRow<T>,
  event: StoredEvent | undefined,
): string | undefined {
  if (!event || !Object.hasOwn(types, event.type)) return 'no audit event testifies to it';
  const { type, subject, details, time, actor } = auditRecord(row);
  const agrees =
    event.type === type &&
    event.subject === subject &&
    event.time === time &&
    (actor === undefined || event.actor === actor) &&
    event.detailsJson === JSON.stringify(details);
  return agrees ? flaw?.(row) : `audit event ${event.sequence} tells it otherwise`;
}
