import { ARCHIVE_EVENTS } from '../domain/archive-testimony.ts';
import { auditDetailsIn } from '../domain/audit-details.ts';
import type { StoredEvent } from '../kernel/audit.ts';
import type { ArchivedSegment } from '../domain/ledger-archives.ts';

type Told = Pick<StoredEvent, 'type' | 'detailsJson'>;

/** A segment as its sealed audit events have it; the row beside them decides nothing. */
export interface WitnessedArchive extends ArchivedSegment {
  readonly number: number;
  readonly file: string;
  /** SHA-256, base64url. */
  readonly fileDigest: string;
  readonly lastGroup: number;
  readonly firstRecord: number;
  readonly lastRecord: number;
  readonly isRemoved: boolean;
  /** Files of the segment that another one took the place of. */
  readonly formerFiles: readonly string[];
}

/** `segment-000001.db`, and `segment-000001.2.db` once values were erased from it twice. */
export function isNameOf(number: number, file: string): boolean {
  const base = `segment-${String(number).padStart(6, '0')}`;
  return file.startsWith(base) && /^(?:\.\d+)?\.db$/.test(file.slice(base.length));
}

/** By the events about it that something stands behind, in order. Undefined where none says that it was sealed. */
export function archiveIn(number: number, told: readonly Told[]): WitnessedArchive | undefined {
  const at = told.findLastIndex(({ type }) => type === ARCHIVE_EVENTS.sealed);
  if (at < 0) return undefined;
  const sealed = detailsOf(told[at]);
  const later = told.slice(at + 1);
  const editions = [sealed, ...later.filter(({ type }) => type === ARCHIVE_EVENTS.replaced).map(detailsOf)];
  const current = editions.at(-1);
  const [, lastGroup] = sealed.groups as [number, number];
  const [firstRecord, lastRecord] = sealed.records as [number, number];
  const file = String(current?.file);
  return {
    number,
    file,
    fileDigest: String(current?.file_digest),
    kids: sealed.kids as string[],
    lastExp: sealed.last_exp as number,
    lastGroup,
    firstRecord,
    lastRecord,
    isRemoved: later.some(({ type }) => type === ARCHIVE_EVENTS.removed),
    formerFiles: editions.map((edition) => String(edition.file)).filter((name) => name !== file),
  };
}

function detailsOf(event: Told | undefined): Readonly<Record<string, unknown>> {
  return auditDetailsIn(event?.detailsJson ?? '');
}
