import { join } from 'node:path';
import { MOST_ROWS, rowsFault } from '../kernel/ledger-chain.ts';
import type { ArchiveCalls, ArchiveSettings, SealedSegment, Sealing } from './archive-protocol.ts';
import type { StoreFailure } from './failure.ts';
import type { LedgerConnection } from './ledger-connection.ts';
import {
  type GroupColumns,
  ledgerGroup,
  placedRow,
  type RecordColumns,
  withoutPersonalValues,
} from './ledger-row.ts';
import { type Rows, statement } from './rows.ts';
import { namesOf, writeSegment } from './segment-file.ts';
import { type AddGroup, readSegment } from './segment-rows.ts';
import { serveCalls } from './serve-calls.ts';

/** Groups read in one transaction: a long one would keep the write-ahead log from being cleared. */
const GROUPS_A_READ = 200;
/** To the end of a group: it bounds what is in memory. */
const ROWS_A_READ = 4_000;
const SPAN_SECONDS = 86_400;

const GROUPS = statement<GroupColumns>(
  'SELECT * FROM ledger_groups WHERE sequence > ? ORDER BY sequence LIMIT ?',
);
const RECORDS = statement<RecordColumns>(
  'SELECT * FROM issuance_records WHERE sequence BETWEEN ? AND ? ORDER BY sequence',
);

interface GroupWithRows {
  readonly group: GroupColumns;
  readonly rows: readonly RecordColumns[];
}

/** The worker of an `ArchiveThread`, over the connection of its engine. */
export function serveArchiving(
  settings: ArchiveSettings,
  connection: LedgerConnection,
  failed: (error: unknown) => StoreFailure,
): void {
  const { archiveDir } = settings;
  serveCalls<ArchiveCalls>(
    {
      seal: (asks) => seal(settings, connection, asks),
      erase: (asks) => erase(archiveDir, asks),
      close: async () => {
        await connection.close();
        return null;
      },
    },
    failed,
  );
}

async function seal(
  { archiveDir, segmentRecords }: ArchiveSettings,
  connection: LedgerConnection,
  { after, due, number }: ArchiveCalls['seal']['asks'],
): Promise<Sealing> {
  const [first] = await connection.read((rows) => rows.all(GROUPS, after.group, 1));
  if (!first || first.committed_at >= due.committedBefore - SPAN_SECONDS) return { outcome: 'none_due' };
  const filling = new Filling(after.record, segmentRecords);
  const groups = groupsBehind(after.group, (last) => connection.read((rows) => groupsFrom(rows, last)));
  const written = await writeSegment(archiveDir, namesOf(number), async (add) => {
    await filling.fill(add, groups, due);
    return filling.damaged === undefined && filling.lastGroup > 0;
  });
  if (filling.damaged !== undefined) return { outcome: 'damaged', group: filling.damaged };
  if (!written) return { outcome: 'none_due' };
  const { file, fileDigest } = written;
  return { outcome: 'sealed', file, segment: filling.sealed(first, fileDigest) };
}

/** What went into a segment so far. */
class Filling {
  readonly #kids = new Set<string>();
  readonly #before: number;
  readonly #most: number;
  lastGroup = 0;
  #lastRecord: number;
  #lastExp = 0;
  damaged: number | undefined;

  /** `before`: the last record that an archive has; `most`: how many records fit. */
  constructor(before: number, most: number) {
    this.#before = before;
    this.#most = most;
    this.#lastRecord = before;
  }

  async fill(
    add: AddGroup,
    groups: AsyncIterable<GroupWithRows>,
    { committedBefore, expiredBefore }: ArchiveCalls['seal']['asks']['due'],
  ): Promise<void> {
    for await (const { group, rows } of groups) {
      const lastExp = Math.max(...rows.map(({ exp }) => exp));
      if (group.committed_at >= committedBefore || lastExp >= expiredBefore) return;
      if (this.#lastRecord + group.row_count > this.#before + this.#most && this.lastGroup > 0) return;
      if (rowsFault(ledgerGroup(group), rows.map(placedRow))) {
        this.damaged = group.sequence;
        return;
      }
      add(group, rows);
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

/** Each read is of one moment, and of its own: what is to be archived changes no more. */
async function* groupsBehind(
  last: number,
  read: (after: number) => Promise<readonly GroupWithRows[]>,
): AsyncGenerator<GroupWithRows> {
  for (let groups = await read(last); ; ) {
    yield* groups;
    const end = groups.at(-1);
    if (!end) return;
    groups = await read(end.group.sequence);
  }
}

/** The next groups, as far as they are read at once. One that claims more rows than any has shows by those it gets. */
async function groupsFrom(source: Rows, after: number): Promise<GroupWithRows[]> {
  const groups = fewEnough(await source.all(GROUPS, after, GROUPS_A_READ));
  const rows = await source.allOfEach(
    RECORDS,
    groups.map(({ first_record: first, row_count: count }) => [
      first,
      first + Math.min(count, MOST_ROWS + 1) - 1,
    ]),
  );
  return groups.map((group, index) => ({ group, rows: rows[index] ?? [] }));
}

/** At least one. */
function fewEnough(groups: readonly GroupColumns[]): readonly GroupColumns[] {
  let rows = 0;
  const end = groups.findIndex(({ row_count: count }) => {
    rows += count;
    return rows >= ROWS_A_READ;
  });
  return end < 0 ? groups : groups.slice(0, end + 1);
}

async function erase(
  archiveDir: string,
  { number, file, subjects }: ArchiveCalls['erase']['asks'],
): Promise<ArchiveCalls['erase']['answers']> {
  return await readSegment(join(archiveDir, file), async (source) => {
    const concerned = await sequencesOf(source, subjects);
    if (concerned.size === 0) return null;
    const written = await writeSegment(archiveDir, namesOf(number, file), async (add) => {
      for await (const { group, rows } of groupsBehind(0, (after) => groupsFrom(source, after))) {
        add(
          group,
          rows.map((row) => (concerned.has(row.sequence) ? withoutPersonalValues(row) : row)),
        );
      }
      return true;
    });
    return written && { ...written, records: concerned.size };
  });
}

async function sequencesOf(source: Rows, subjects: readonly string[]): Promise<ReadonlySet<number>> {
  const marks = subjects.map(() => '?').join(', ');
  const ofSubjects = statement<{ readonly sequence: number }>(
    `SELECT sequence FROM issuance_records WHERE subject IN (${marks})`,
  );
  return new Set((await source.all(ofSubjects, ...subjects)).map(({ sequence }) => sequence));
}
