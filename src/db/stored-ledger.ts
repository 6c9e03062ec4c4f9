import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Selectable } from 'kysely';
import type { StoredEvent } from '../kernel/audit.ts';
import type { GroupSeal } from '../kernel/audit-chain.ts';
import type { LedgerGroup, PlacedRow } from '../kernel/ledger-chain.ts';
import { ARCHIVE_EVENTS } from '../kernel/ledger-search.ts';
import { POLICY_BOUNDS } from '../kernel/policy.ts';
import { eventFromRow } from './event-seals.ts';
import { ledgerGroup, placedRow, type RecordColumns } from './ledger-row.ts';
import type { Schema } from './schema.ts';
import { digestOfFile, isSegmentFile } from './segment-file.ts';
import { openReadOnly } from './sqlite/database-file.ts';
import { compileQuery } from './sqlite/dialect.ts';
import type { StoredTrail } from './stored-trail.ts';

const [, LARGEST_SKEW_SECONDS] = POLICY_BOUNDS.clockSkewSeconds;

type Archive = Selectable<Schema['ledger_archives']>;

const RECORDS = compileQuery((db) =>
  db
    .selectFrom('issuance_records')
    .selectAll()
    .where('sequence', '>=', 0)
    .where('sequence', '<=', 0)
    .orderBy('sequence'),
);
const STRAY = compileQuery((db) =>
  db
    .selectFrom('issuance_records')
    .select('sequence')
    .where((eb) => eb.or([eb('sequence', '<', 0), eb('sequence', '>', 0)]))
    .orderBy('sequence')
    .limit(1),
);
const ERASED = compileQuery((db) =>
  db
    .selectFrom('issuance_records')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('salt', 'is', null),
);
const ARCHIVE_TESTIMONIES = compileQuery((db) =>
  db
    .selectFrom('audit_events')
    .selectAll()
    .where('type', 'in', Object.values(ARCHIVE_EVENTS))
    .orderBy('sequence'),
);

/** A group with its records; null where they left the archive for good, or are not asked for. */
interface StoredGroup {
  readonly group: LedgerGroup;
  readonly rows: readonly PlacedRow[] | null;
}

/** But for those of groups that are passed over. */
export function* groupSeals(
  trail: StoredTrail,
  isPassedOver: (group: LedgerGroup) => boolean,
): Generator<GroupSeal> {
  for (const row of trail.table('ledger_groups', 'sequence')) {
    if (isPassedOver(ledgerGroup(row))) continue;
    yield { sequence: row.sequence, hash: row.group_hash, runId: row.run_id, seal: row.seal };
  }
}

/** All groups, without the records of those that are passed over. */
export function* groupsOf(
  trail: StoredTrail,
  isPassedOver: (group: LedgerGroup) => boolean = () => false,
): Generator<StoredGroup> {
  const archives = archivesOf(trail);
  let segment: Segment | undefined;
  try {
    for (const row of trail.table('ledger_groups', 'sequence')) {
      const group = ledgerGroup(row);
      if (isPassedOver(group)) {
        yield { group, rows: null };
        continue;
      }
      const archive = archives.find(
        ({ first_group, last_group }) => first_group <= group.sequence && group.sequence <= last_group,
      );
      if (archive && segment?.archive !== archive) {
        segment?.close();
        segment = archive.removed_at === null ? new Segment(archive, trail.archiveDir) : undefined;
      }
      if (!archive)
        yield { group, rows: trail.all<RecordColumns>(RECORDS, ...placesOf(group)).map(placedRow) };
      else yield { group, rows: segment?.recordsOf(group) ?? null };
    }
  } finally {
    segment?.close();
  }
}

/** A record that lies before the first group or behind the last one. */
export function strayRecord(trail: StoredTrail): number | undefined {
  let first: LedgerGroup | undefined;
  let last: LedgerGroup | undefined;
  for (const row of trail.table('ledger_groups', 'sequence')) {
    last = ledgerGroup(row);
    first ??= last;
  }
  const end = last ? last.firstRecord + last.rowCount - 1 : 0;
  return trail.all<{ sequence: number }>(STRAY, first?.firstRecord ?? 1, end, 1)[0]?.sequence;
}

/** From when on no token of a key can be good, by the bounds that its binding record was signed with. */
export function endsOfUse(trail: StoredTrail): ReadonlyMap<string, number> {
  const ends = new Map<string, number>();
  for (const row of trail.table('signing_keys', 'hsm_id')) {
    const { kid, binding_sign_until, binding_max_ttl_seconds } = row;
    if (kid === null || binding_sign_until === null || binding_max_ttl_seconds === null) continue;
    ends.set(kid, binding_sign_until + binding_max_ttl_seconds + LARGEST_SKEW_SECONDS);
  }
  return ends;
}

export function archivesOf(trail: StoredTrail): Archive[] {
  return [...trail.table('ledger_archives', 'first_group')];
}

/** What the audit trail tells of segments, in order. */
export function archiveEvents(trail: StoredTrail): StoredEvent[] {
  return trail
    .all<Selectable<Schema['audit_events']>>(ARCHIVE_TESTIMONIES, ...Object.values(ARCHIVE_EVENTS))
    .map(eventFromRow)
    .filter(({ subject }) => subject !== 'ledger');
}

/** The segments that are not the files they were sealed as. */
export function brokenSegments(trail: StoredTrail): string[] {
  const there = archivesOf(trail).filter(({ removed_at }) => removed_at === null);
  return there.filter((archive) => !isAsSealed(archive, trail.archiveDir)).map(({ file }) => file);
}

/** One sealed segment; what cannot be read holds no records. */
class Segment {
  readonly archive: Archive;
  readonly #db: DatabaseSync | undefined;

  constructor(archive: Archive, archiveDir: string) {
    this.archive = archive;
    if (isAsSealed(archive, archiveDir)) {
      this.#db = openReadOnly(join(archiveDir, archive.file));
    }
  }

  recordsOf(group: LedgerGroup): readonly PlacedRow[] {
    const rows = this.#db?.prepare(RECORDS).all(...placesOf(group)) ?? [];
    return rows.map((row) => placedRow(row as unknown as RecordColumns));
  }

  close(): void {
    this.#db?.close();
  }
}

function isAsSealed({ number, file, file_digest }: Archive, archiveDir: string): boolean {
  return (
    isSegmentFile(archiveDir, number, file) &&
    Buffer.compare(digestOfFile(join(archiveDir, file)), file_digest) === 0
  );
}

/** Of its first and its last record. */
function placesOf({ firstRecord, rowCount }: LedgerGroup): [number, number] {
  return [firstRecord, firstRecord + rowCount - 1];
}

/** Of how many records the personal values are gone, and of how many the audit trail says that they were erased. */
export function erasedRecords(trail: StoredTrail): { readonly erased: number; readonly told: number } {
  const erased = trail.all<{ count: number }>(ERASED)[0]?.count ?? 0;
  return { erased, told: trail.erasedBy([ARCHIVE_EVENTS.replaced], 'records', 'ledger') };
}
