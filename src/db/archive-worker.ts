import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';
import { rowsFault } from '../kernel/ledger-chain.ts';
import type { ArchiveCalls, ArchiveSettings, SealedSegment, Sealing } from './archive-protocol.ts';
import {
  type GroupColumns,
  ledgerGroup,
  placedRow,
  type RecordColumns,
  withoutPersonalValues,
} from './ledger-row.ts';
import { writeSegment } from './segment-file.ts';
import { serveCalls } from './serve-calls.ts';
import { openReadOnly } from './sqlite/database-file.ts';
import { type DatabaseFile, ReadConnection } from './sqlite/read-connection.ts';

const RECORD_VALUES = new Array(15).fill('?').join(', ');
const GROUP_VALUES = new Array(8).fill('?').join(', ');
/** Groups read in one transaction: a long one would keep the write-ahead log from being cleared. */
const GROUPS_A_READ = 200;
const SPAN_SECONDS = 86_400;

interface GroupWithRows {
  readonly group: GroupColumns;
  readonly rows: readonly RecordColumns[];
}

const settings = workerData as ArchiveSettings & DatabaseFile;
const { archiveDir, segmentRecords } = settings;
const connection = new ReadConnection(settings);

serveCalls<ArchiveCalls>({ seal, erase, close: () => void connection.close() }, (error) =>
  connection.recover(error),
);

function seal({ after, due, name }: ArchiveCalls['seal']['asks']): Sealing {
  const first = connection.read((db) => groupsFrom(db, after.group, 1))[0];
  if (!first || first.group.committed_at >= due.committedBefore - SPAN_SECONDS)
    return { outcome: 'none_due' };
  const filling = new Filling(after.record);
  const fileDigest = writeSegment(join(archiveDir, name), (segment) => {
    filling.fill(segment, groupsAfter(after.group), due);
    return filling.damaged === undefined && filling.lastGroup > 0;
  });
  if (filling.damaged !== undefined) return { outcome: 'damaged', group: filling.damaged };
  if (!fileDigest) return { outcome: 'none_due' };
  return { outcome: 'sealed', segment: filling.sealed(first.group, fileDigest) };
}

/** What went into a segment so far. */
class Filling {
  readonly #kids = new Set<string>();
  readonly #before: number;
  lastGroup = 0;
  #lastRecord: number;
  #lastExp = 0;
  damaged: number | undefined;

  constructor(before: number) {
    this.#before = before;
    this.#lastRecord = before;
  }

  fill(
    segment: DatabaseSync,
    groups: Iterable<GroupWithRows>,
    { committedBefore, expiredBefore }: ArchiveCalls['seal']['asks']['due'],
  ): void {
    for (const { group, rows } of groups) {
      const lastExp = Math.max(...rows.map(({ exp }) => exp));
      if (group.committed_at >= committedBefore || lastExp >= expiredBefore) return;
      if (this.#lastRecord + group.row_count > this.#before + segmentRecords && this.lastGroup > 0) return;
      if (rowsFault(ledgerGroup(group), rows.map(placedRow))) {
        this.damaged = group.sequence;
        return;
      }
      copy(segment, { group, rows });
      for (const { kid } of rows) this.#kids.add(kid);
      this.#lastExp = Math.max(this.#lastExp, lastExp);
      this.lastGroup = group.sequence;
      this.#lastRecord = group.first_record + group.row_count - 1;
    }
  }

  sealed(first: GroupColumns, fileDigest: Uint8Array): SealedSegment {
    return {
      firstGroup: first.sequence,
      lastGroup: this.lastGroup,
      firstRecord: first.first_record,
      lastRecord: this.#lastRecord,
      fileDigest,
      kids: [...this.#kids],
      lastExp: this.#lastExp,
    };
  }
}

function* groupsAfter(group: number): Generator<GroupWithRows> {
  for (let after = group; ; after += GROUPS_A_READ) {
    const groups = connection.read((db) => groupsFrom(db, after, GROUPS_A_READ));
    yield* groups;
    if (groups.length < GROUPS_A_READ) return;
  }
}

function groupsFrom(db: DatabaseSync, after: number, limit: number): GroupWithRows[] {
  const groups = db
    .prepare('SELECT * FROM ledger_groups WHERE sequence > ? ORDER BY sequence LIMIT ?')
    .all(after, limit) as unknown as GroupColumns[];
  const rowsOf = db.prepare(
    'SELECT * FROM issuance_records WHERE sequence BETWEEN ? AND ? ORDER BY sequence',
  );
  return groups.map((group) => {
    const rows = rowsOf.all(group.first_record, group.first_record + group.row_count - 1);
    return { group, rows: rows as unknown as RecordColumns[] };
  });
}

function copy(segment: DatabaseSync, { group, rows }: GroupWithRows): void {
  const insertRecord = segment.prepare(`INSERT INTO issuance_records VALUES (${RECORD_VALUES})`);
  for (const row of rows) insertRecord.run(...Object.values(row));
  segment.prepare(`INSERT INTO ledger_groups VALUES (${GROUP_VALUES})`).run(...Object.values(group));
}

function erase({ name, into, subjects }: ArchiveCalls['erase']['asks']): ArchiveCalls['erase']['answers'] {
  const source = openReadOnly(join(archiveDir, name));
  try {
    const concerned = sequencesOf(source, subjects);
    if (concerned.size === 0) return null;
    const fileDigest = writeSegment(join(archiveDir, into), (segment) => {
      for (const { group, rows } of groupsIn(source)) {
        const erased = rows.map((row) => (concerned.has(row.sequence) ? withoutPersonalValues(row) : row));
        copy(segment, { group, rows: erased });
      }
      return true;
    });
    return fileDigest && { fileDigest, records: concerned.size };
  } finally {
    source.close();
  }
}

function sequencesOf(source: DatabaseSync, subjects: readonly string[]): ReadonlySet<number> {
  const marks = subjects.map(() => '?').join(', ');
  const found = source.prepare(`SELECT sequence FROM issuance_records WHERE subject IN (${marks})`);
  return new Set(found.all(...subjects).map(({ sequence }) => sequence as number));
}

function* groupsIn(source: DatabaseSync): Generator<GroupWithRows> {
  for (let after = 0; ; ) {
    const groups = groupsFrom(source, after, GROUPS_A_READ);
    yield* groups;
    const last = groups.at(-1);
    if (!last) return;
    after = last.group.sequence;
  }
}
