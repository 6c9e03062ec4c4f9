import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Actor } from '../domain/access.ts';
import {
  ARCHIVE_EVENTS,
  archiveSubject,
  removedDetails,
  sealedDetails,
} from '../domain/archive-testimony.ts';
import type { Clock } from '../domain/clock.ts';
import { KeywardError } from '../domain/errors.ts';
import type { ArchiveDue, ArchivedSegment, LedgerArchives } from '../domain/ledger-archives.ts';
import type { SealedSegment } from './archive-protocol.ts';
import { archiveEnd, dropArchivedRows, insertArchive, keptArchives, markRemoved } from './archive-table.ts';
import type { ArchiveThread } from './archive-thread.ts';
import { type AuditedChange, actOf } from './audited-change.ts';
import type { Reader } from './reader.ts';
import { toKeywardError } from './sqlite-failure.ts';
import type { Writer } from './writer.ts';

/** Rows deleted in one transaction: what is queued behind waits that long. */
const ROWS_A_STEP = 200;
const SEGMENT_NAME = /^segment-\d+(?:\.\d+)?\.db(?:\.part)?$/;
const KEYWARD: Actor = { operatorId: 'keyward', requestId: null };

export interface ArchivesParts {
  readonly archiveDir: string;
  readonly thread: ArchiveThread;
  readonly writer: Pick<Writer, 'transaction'>;
  readonly reader: Pick<Reader, 'read'>;
  readonly change: AuditedChange;
  readonly clock: Clock;
}

export function createLedgerArchives(parts: ArchivesParts): LedgerArchives {
  const { thread, writer } = parts;
  return {
    seal: (due) => thread.alone(() => seal(parts, due)),
    drop: () => writer.transaction((trx) => dropArchivedRows(trx, ROWS_A_STEP)),
    remove: (fits) => thread.alone(() => remove(parts, fits)),
  };
}

async function seal(parts: ArchivesParts, due: ArchiveDue): Promise<number> {
  const { thread, reader, change, clock } = parts;
  const { number, ...after } = await reader.read(archiveEnd);
  const name = `segment-${String(number + 1).padStart(6, '0')}.db`;
  const sealing = await thread.call('seal', { after, due, name });
  if (sealing.outcome === 'none_due') return 0;
  if (sealing.outcome === 'damaged') throw damaged(sealing.group);
  const { segment } = sealing;
  const sealedAt = clock.nowSeconds();
  await change(sealedEvent(number + 1, name, segment, sealedAt), (trx) =>
    insertArchive(trx, number + 1, name, segment, sealedAt),
  );
  return segment.lastRecord - segment.firstRecord + 1;
}

/** The row says first that the file is gone: what a crash leaves of files is swept up with the next removal. */
async function remove(parts: ArchivesParts, fits: (segment: ArchivedSegment) => boolean): Promise<number> {
  const { reader, change, clock } = parts;
  const going = (await reader.read(keptArchives)).filter(fits);
  for (const { number, file } of going) {
    const removedAt = clock.nowSeconds();
    const event = actOf(
      KEYWARD,
      ARCHIVE_EVENTS.removed,
      archiveSubject(number),
      removedDetails(file, removedAt),
    );
    await change(event, (trx) => markRemoved(trx, number, removedAt));
  }
  sweep(parts.archiveDir, new Set((await reader.read(keptArchives)).map(({ file }) => file)));
  return going.length;
}

function sweep(archiveDir: string, kept: ReadonlySet<string>): void {
  try {
    for (const name of readdirSync(archiveDir)) {
      if (SEGMENT_NAME.test(name) && !kept.has(name)) rmSync(join(archiveDir, name), { force: true });
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

function damaged(group: number): KeywardError {
  return new KeywardError('ledger_damaged', `ledger group ${group} is not as it was committed`, {
    cause: new Error('archiving stops before it: run keyward audit verify'),
  });
}
