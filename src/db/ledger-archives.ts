import { readdirSync, rmSync } from 'node:fs';
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

import type { AuditedChange } from './append-audit-event.ts';
import type { SealedSegment } from './archive-protocol.ts';
import {
  type AuditedArchives,
  dropArchivedRows,
  endOf,
  insertArchive,
  markRemoved,
} from './archive-table.ts';
import type { ArchiveThread } from './archive-thread.ts';
import { toKeywardError } from './failure.ts';
import type { TrxWriter } from './schema.ts';
import { type AuditedArchive, isNameOf } from './segment-file.ts';

/** Rows deleted in one transaction: what is queued behind waits that long. */
const ROWS_A_STEP = 200;
const HALF_SEGMENT = /^segment-\d+(?:\.\d+)?\.db\.part$/;

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
  };
}

async function seal(
  { thread, auditedArchives, change, clock }: ArchivesDeps,
  due: ArchiveDue,
): Promise<number> {
  const { number, ...after } = endOf(await undoubted(auditedArchives));
  const name = `segment-${String(number + 1).padStart(6, '0')}.db`;
  const sealing = await thread.call('seal', { after, due, name });
  if (sealing.outcome === 'none_due') return 0;
  if (sealing.outcome === 'damaged')
    throw damaged(`ledger group ${sealing.group} is not as it was committed`);
  const { segment } = sealing;
  const sealedAt = clock.nowSeconds();
  await change(sealedEvent(number + 1, name, segment, sealedAt), (trx) =>
    insertArchive(trx, number + 1, name, segment, sealedAt),
  );
  return segment.lastRecord - segment.firstRecord + 1;
}

/** Up to the last segment whose file, and those before it, are as they were sealed. */
async function drop({ writer, auditedArchives }: ArchivesDeps): Promise<number> {
  const archives = await undoubted(auditedArchives);
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
  for (const { number, file } of going) {
    const removedAt = clock.nowSeconds();
    const details = removedDetails(file, removedAt);
    const event = actOf(KEYWARD, ARCHIVE_EVENTS.removed, archiveSubject(number), details);
    await change(event, (trx) => markRemoved(trx, number, removedAt));
  }
  const after = await auditedArchives.read();
  sweep(deps.archiveDir, after.archives);
  const kept = due.filter((archive) => !going.includes(archive)).map(({ number }) => `segment ${number}`);
  const [first] = [...doubted, ...kept];
  if (first !== undefined) throw damaged(`${first} is not as the audit trail has it`);
  return going.length;
}

async function undoubted(auditedArchives: AuditedArchives): Promise<readonly AuditedArchive[]> {
  const { archives, doubted } = await auditedArchives.read();
  if (doubted.length > 0) throw damaged(`${doubted[0]} is not as the audit trail has it`);
  return archives;
}

/** Deletes only files that a sealed event gave up, and halves of files. */
function sweep(archiveDir: string, archives: readonly AuditedArchive[]): void {
  const gone = archives.flatMap(({ number, file, isRemoved, formerFiles }) =>
    [...formerFiles, ...(isRemoved ? [file] : [])].filter((name) => isNameOf(number, name)),
  );
  const isObsolete = new Set(gone);
  try {
    for (const name of readdirSync(archiveDir)) {
      if (isObsolete.has(name) || HALF_SEGMENT.test(name)) rmSync(join(archiveDir, name), { force: true });
    }
  } catch (error) {
    // Before the first segment there is no folder.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw toKeywardError(error);
  }
}

function sealedEvent(number: number, file: string, segment: SealedSegment, sealedAt: number) {
  const kidsJson = JSON.stringify(segment.kids);
  const details = sealedDetails({ ...segment, file, kidsJson, sealedAt });
  return actOf(KEYWARD, ARCHIVE_EVENTS.sealed, archiveSubject(number), details);
}

function damaged(what: string): KeywardError {
  return new KeywardError('ledger_damaged', what, {
    cause: new Error('archiving stops before it: run keyward audit verify'),
  });
}
