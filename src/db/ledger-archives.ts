import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { KEYWARD } from '../kernel/actor.ts';
import { actOf } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import {
  ARCHIVE_EVENTS,
  type ArchiveDue,
  type ArchivedSegment,
  archiveSubject,
  type LedgerArchives,
  removedDetails,
  sealedDetails,
} from '../kernel/ledger-search.ts';

import { type AuditedChange, unlessOutrun } from './append-audit-event.ts';
import type { SealedSegment } from './archive-protocol.ts';
import {
  type ArchiveReading,
  type AuditedArchives,
  dropArchivedRows,
  endOf,
  insertArchive,
  isStillNext,
  markRemoved,
} from './archive-table.ts';
import type { ArchiveThread } from './archive-thread.ts';
import { toKeywardError } from './failure.ts';
import type { TrxWriter } from './schema.ts';
import { type AuditedArchive, HALF_SEGMENT, isNameOf } from './segment-file.ts';

/** Rows deleted in one transaction: what is queued behind waits that long. */
const ROWS_A_STEP = 200;
/** What nobody writes to any more, however slow. */
const OLD_SECONDS = 86_400;

interface ArchivesDeps {
  readonly archiveDir: string;
  readonly thread: ArchiveThread;
  readonly writer: TrxWriter;
  readonly auditedArchives: AuditedArchives;
  readonly change: AuditedChange;
  readonly clock: Clock;
}

export function createLedgerArchives(deps: ArchivesDeps): LedgerArchives {
  const { thread } = deps;
  return {
    seal: (due) => thread.alone(() => seal(deps, due)),
    drop: () => thread.alone(() => drop(deps)),
    remove: (isDue) => thread.alone(() => remove(deps, isDue)),
    missing: () => missing(deps),
  };
}

async function seal(deps: ArchivesDeps, due: ArchiveDue): Promise<number> {
  const { thread, auditedArchives, change, clock } = deps;
  const { archives, auditEnd } = await undoubted(auditedArchives);
  const [missing] = missingAmong(deps, archives);
  if (missing !== undefined) throw elsewhere(missing);
  const { number: last, ...after } = endOf(archives);
  const number = last + 1;
  const sealing = await thread.call('seal', { after, due, number });
  if (sealing.outcome === 'none_due') return 0;
  if (sealing.outcome === 'damaged')
    throw damaged(`ledger group ${sealing.group} is not as it was committed`);
  const { file, segment } = sealing;
  const sealedAt = clock.nowSeconds();
  const isSealed = await unlessOutrun(change, sealedEvent(number, file, segment, sealedAt), async (trx) => {
    if (!(await isStillNext(trx, number, auditEnd))) return false;
    await insertArchive(trx, number, file, segment, sealedAt);
    return true;
  });
  if (isSealed) return segment.lastRecord - segment.firstRecord + 1;
  rmSync(join(deps.archiveDir, file), { force: true });
  return 0;
}

/** Up to the last segment whose file, and those before it, are as they were sealed. */
async function drop({ writer, auditedArchives }: ArchivesDeps): Promise<number> {
  const { archives } = await undoubted(auditedArchives);
  const broken = archives.findIndex((archive) => !archive.isRemoved && !auditedArchives.isIntact(archive));
  const end = endOf(broken < 0 ? archives : archives.slice(0, broken));
  return await writer.transaction((trx) => dropArchivedRows(trx, end, ROWS_A_STEP));
}

/** The audit event says first that the file is gone: what a crash leaves is swept up with the next removal. */
async function remove(deps: ArchivesDeps, isDue: (segment: ArchivedSegment) => boolean): Promise<number> {
  const { auditedArchives, change, clock } = deps;
  const { archives, doubted } = await auditedArchives.read();
  const due = archives.filter((archive) => !archive.isRemoved && isDue(archive));
  const going = due.filter((archive) => auditedArchives.isIntact(archive));
  let removed = 0;
  for (const archive of going) {
    const removedAt = clock.nowSeconds();
    const details = removedDetails(archive.file, removedAt);
    const event = actOf(KEYWARD, ARCHIVE_EVENTS.removed, archiveSubject(archive.number), details);
    if (await unlessOutrun(change, event, (trx) => markRemoved(trx, archive, removedAt))) removed += 1;
  }
  const after = await auditedArchives.read();
  sweep(deps.archiveDir, after, clock.nowSeconds());
  const kept = due.filter((archive) => !going.includes(archive)).map(({ number }) => `segment ${number}`);
  const [first] = [...doubted, ...kept];
  if (first !== undefined) throw damaged(`${first} is not as the audit trail has it`);
  return removed;
}

async function missing(deps: ArchivesDeps): Promise<readonly string[]> {
  return missingAmong(deps, (await deps.auditedArchives.read()).archives);
}

function missingAmong(
  { auditedArchives }: ArchivesDeps,
  archives: readonly AuditedArchive[],
): readonly string[] {
  return archives
    .filter((archive) => !archive.isRemoved && !auditedArchives.isHere(archive))
    .map(({ file }) => file);
}

async function undoubted(auditedArchives: AuditedArchives): Promise<ArchiveReading> {
  const reading = await auditedArchives.read();
  const [doubted] = reading.doubted;
  if (doubted !== undefined) throw damaged(`${doubted} is not as the audit trail has it`);
  return reading;
}

/**
 * Deletes files that a sealed event gave up; and once they are old, halves of files, and whole ones that no event names: a
 * crash left them before the commit. Those of a number that is still to come may be another front's.
 */
function sweep(archiveDir: string, { archives, doubted }: ArchiveReading, now: number): void {
  const gone = archives.flatMap(({ number, file, isRemoved, formerFiles }) =>
    [...formerFiles, ...(isRemoved ? [file] : [])].filter((name) => isNameOf(number, name)),
  );
  const isObsolete = new Set(gone);
  const current = new Set(archives.map(({ file }) => file));
  const isLeft = (name: string) =>
    HALF_SEGMENT.test(name) ||
    (doubted.length === 0 && !current.has(name) && archives.some(({ number }) => isNameOf(number, name)));
  try {
    for (const name of readdirSync(archiveDir)) {
      const path = join(archiveDir, name);
      if (isObsolete.has(name) || (isLeft(name) && isOld(path, now))) rmSync(path, { force: true });
    }
  } catch (error) {
    // Before the first segment there is no folder.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw toKeywardError(error);
  }
}

function isOld(path: string, now: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && now - found.mtimeMs / 1_000 > OLD_SECONDS;
}

function sealedEvent(number: number, file: string, segment: SealedSegment, sealedAt: number) {
  const kidsJson = JSON.stringify(segment.kids);
  const details = sealedDetails({ ...segment, file, kidsJson, sealedAt });
  return actOf(KEYWARD, ARCHIVE_EVENTS.sealed, archiveSubject(number), details);
}

function elsewhere(file: string): KeywardError {
  const message = `${file} is not in ledger.archive_dir, so nothing is archived: all fronts have to share that folder`;
  return new KeywardError('ledger_unavailable', message);
}

function damaged(what: string): KeywardError {
  return new KeywardError('ledger_damaged', what, {
    cause: new Error('archiving stops before it: run keyward audit verify'),
  });
}
