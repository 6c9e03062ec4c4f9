import { appendAuditEvent, unlessOutrun } from '../db/append-audit-event.ts';
import { replaceFile } from '../db/archive-table.ts';
import { type RecordColumns, withoutPersonalValues } from '../db/ledger-row.ts';
import type { ErasingParts } from '../db/ledger-store.ts';
import type { Trx, TrxReader, TrxWriter } from '../db/schema.ts';
import type { AuditedArchive } from '../db/segment-file.ts';
import { eraseEvidence, unresolvedAbout, unresolvedDigests } from '../events/index.ts';
import type { Actor } from '../kernel/actor.ts';
import { actOf } from '../kernel/audit.ts';
import type { Erasable } from '../kernel/capability.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import {
  ARCHIVE_EVENTS,
  archiveSubject,
  ERASURE_REQUESTED,
  fileDetails,
  type LedgerErasure,
  type OpenMatters,
} from '../kernel/ledger-search.ts';
import { hashedSubject } from '../kernel/policy.ts';

interface Deps {
  readonly search: ErasingParts['search'];
  readonly reader: TrxReader;
  readonly erasable: () => readonly Erasable[];
}

/** Unresolved security events and unclosed reports about a subject: by their own words, or by a token of that subject. */
async function openAboutSubject({ search, reader, erasable }: Deps, subject: string): Promise<OpenMatters> {
  const [named, eventOf, given, reportOf] = await Promise.all([
    reader.read((trx) => unresolvedAbout(trx, subject)),
    reader.read(unresolvedDigests),
    Promise.all(erasable().map((each) => reader.read((trx) => each.openNaming(trx, subject)))),
    Promise.all(erasable().map((each) => reader.read((trx) => each.openByDigest(trx)))),
  ]);
  const events = new Set(named);
  const reports = new Set(given.flat());
  const matchesQuery = eventOf.size > 0 || reportOf.some(({ size }) => size > 0);
  for (let after: number | null = matchesQuery ? 0 : null; after !== null; ) {
    const { rows, next } = await search.rows({ subject }, { after, limit: ROWS_A_STEP });
    for (const { digest } of rows) {
      const name = Buffer.from(digest).toString('base64url');
      const event = eventOf.get(name);
      if (event !== undefined) events.add(event);
      for (const of of reportOf) {
        const report = of.get(name);
        if (report !== undefined) reports.add(report);
      }
    }
    after = next;
  }
  return { events: [...events].toSorted((a, b) => a - b), reports: [...reports].toSorted() };
}

/** Rows erased in one transaction: what is queued behind waits that long. */
const ROWS_A_STEP = 200;
/** Other fronts do not change segments that often. */
const MOST_PASSES = 10;

interface ErasureDeps extends ErasingParts {
  readonly writer: TrxWriter;
  readonly reader: TrxReader;
  readonly erasable: () => readonly Erasable[];
  readonly clock: Clock;
}

/** No event names the subject: that would keep what was to be erased. */
export function createLedgerErasure(deps: ErasureDeps): LedgerErasure {
  return {
    openAbout: (subject) => openAboutSubject(deps, subject),
    eraseSubject: (subject, actor) =>
      deps.thread.alone(async () => {
        const events = await eraseAsked(deps, subject, actor);
        const given = await eraseGiven(deps, subject, actor);
        const online = await eraseRecords(deps, subject, actor);
        const archived = await eraseArchived(deps, subject, actor);
        return {
          events,
          records: online.records + archived,
          reports: given + online.reports,
        };
      }),
  };
}

function eraseAsked({ writer, clock }: ErasureDeps, subject: string, actor: Actor) {
  return writer.transaction(async (trx) => {
    const events = await eraseEvidence(trx, subject);
    const event = actOf(actor, ERASURE_REQUESTED, 'ledger', { security_events: events });
    await appendAuditEvent(trx, event, clock.nowSeconds());
    return events;
  });
}

/** However much it is, so in steps. */
async function eraseGiven(
  { writer, erasable, clock }: ErasureDeps,
  subject: string,
  actor: Actor,
): Promise<number> {
  let reports = 0;
  for (const { eraseNaming } of erasable()) {
    for (let erased = ROWS_A_STEP; erased === ROWS_A_STEP; reports += erased) {
      erased = await writer.transaction((trx) =>
        eraseNaming(trx, subject, ROWS_A_STEP, { actor, at: clock.nowSeconds() }),
      );
    }
  }
  return reports;
}

/** And what was reported about their tokens, of those in archives too. */
async function eraseRecords(deps: ErasureDeps, subject: string, actor: Actor) {
  let [records, reports] = [0, 0];
  for (let after: number | null = 0; after !== null; ) {
    const page = await deps.search.rows({ subject }, { after, limit: ROWS_A_STEP });
    if (page.rows.length > 0) reports += await eraseReported(deps, page.rows, actor);
    if (page.rows.length > 0 && !page.archived) {
      const event = actOf(actor, 'ledger.erased', 'ledger', { records: page.rows.length });
      await deps.change(event, (trx) => eraseRows(trx, page.rows));
      records += page.rows.length;
    }
    after = page.next;
  }
  return { records, reports };
}

function eraseReported(
  { writer, erasable, clock }: ErasureDeps,
  rows: readonly RecordColumns[],
  actor: Actor,
) {
  const digests = rows.map(({ digest }) => digest);
  return writer.transaction(async (trx) => {
    let erased = 0;
    for (const each of erasable())
      erased += await each.eraseAbout(trx, digests, { actor, at: clock.nowSeconds() });
    return erased;
  });
}

async function eraseRows(trx: Trx, rows: readonly RecordColumns[]): Promise<void> {
  for (const row of rows) {
    const { subject, root, salt, subject_commitment, root_commitment } = withoutPersonalValues(row);
    await trx
      .updateTable('issuance_records')
      .set({ subject, root, salt, subject_commitment, root_commitment })
      .where('sequence', '=', row.sequence)
      .execute();
  }
}

/** Another front may erase from a segment, or remove it, in between: then all are looked at once more. */
async function eraseArchived(deps: ErasureDeps, subject: string, actor: Actor): Promise<number> {
  const asked = [subject, hashedSubject(subject)];
  let records = 0;
  for (let pass = 1; ; pass += 1) {
    const { archives, doubted } = await deps.auditedArchives.read();
    let changed: AuditedArchive | undefined;
    for (const archive of archives.filter(({ isRemoved }) => !isRemoved)) {
      const isIntact = deps.auditedArchives.isIntact(archive);
      const erased = isIntact ? await eraseSegment(deps, archive, asked, actor) : undefined;
      if (erased === undefined) {
        changed = archive;
        break;
      }
      records += erased;
    }
    if (!changed) {
      if (doubted[0] !== undefined) throw damaged(doubted[0]);
      return records;
    }
    if (pass === MOST_PASSES || !(await hasChanged(deps, changed)))
      throw damaged(`segment ${changed.number}`);
  }
}

async function hasChanged({ auditedArchives }: ErasureDeps, before: AuditedArchive): Promise<boolean> {
  const { archives } = await auditedArchives.read();
  const now = archives.find(({ number }) => number === before.number);
  return now !== undefined && (now.file !== before.file || now.isRemoved);
}

/** What is erased from a file that somebody made would be sealed as if it were ours. */
function damaged(segment: string): KeywardError {
  const message = `${segment} of the archive is not as the audit trail has it, so nothing of it is erased`;
  return new KeywardError('ledger_damaged', message);
}

/** A sealed file is never written to: a copy without the values takes its place. Undefined where another did. */
async function eraseSegment(
  { thread, change, removeFile }: ErasureDeps,
  archive: AuditedArchive,
  subjects: readonly string[],
  actor: Actor,
): Promise<number | undefined> {
  const { number, file } = archive;
  const erased = await thread.call('erase', { number, file, subjects });
  if (!erased) return 0;
  const event = actOf(actor, ARCHIVE_EVENTS.replaced, archiveSubject(number), {
    records: erased.records,
    ...fileDetails(erased),
  });
  const isReplaced = await unlessOutrun(change, event, (trx) => replaceFile(trx, archive, erased));
  removeFile(isReplaced ? file : erased.file);
  return isReplaced ? erased.records : undefined;
}
