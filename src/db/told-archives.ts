import type { Selectable } from 'kysely';
import { AUDIT_GENESIS, auditEventHash, type TrustedRuns } from '../kernel/audit-chain.ts';
import { archiveSubject } from '../kernel/ledger-search.ts';
import { RecentSet } from '../lib/recent-set.ts';
import { sealedFromRow } from './event-seals.ts';
import { type Rows, statement } from './rows.ts';
import type { Schema } from './schema.ts';
import { type AuditedArchive, archiveIn, isSegmentFile } from './segment-file.ts';

type EventRow = Selectable<Schema['audit_events']> & { readonly previous_hash: Uint8Array | null };

/** Segments asked for at once: most ledgers have fewer, and a subject without events costs next to nothing. */
const SEGMENTS_AT_ONCE = 32;
const KNOWN_HASHES = 50_000;

const MARKS = new Array(SEGMENTS_AT_ONCE).fill('?').join(', ');
/** Whoever writes numbers that JavaScript cannot hold, writes no event of ours. */
const EVENTS = statement<EventRow>(`SELECT e.*, b.hash AS previous_hash
  FROM audit_events e LEFT JOIN audit_events b ON b.sequence = e.sequence - 1
  WHERE e.subject IN (${MARKS}) AND e.sequence BETWEEN 1 AND ${Number.MAX_SAFE_INTEGER}
  AND e.time BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER} ORDER BY e.sequence`);
const LISTED = statement<{ readonly number: number }>(
  'SELECT number FROM ledger_archives WHERE number = ? AND file = ?',
);

/**
 * Segments as the audit trail tells of them: an event counts where a run of the service sealed it, and no row beside it
 * does. A seal counts for its own event alone, since a thread knows nothing of unwitnessed ranges.
 */
export class ToldArchives {
  readonly #archiveDir: string;
  readonly #runs: Pick<TrustedRuns, 'haveSealed'>;
  /** Hashes that a seal was seen to stand for. */
  readonly #known = new RecentSet(KNOWN_HASHES);

  constructor(archiveDir: string, runs: Pick<TrustedRuns, 'haveSealed'>) {
    this.#archiveDir = archiveDir;
    this.#runs = runs;
  }

  /** In order. A segment that the database does not list, and that is not there, was lost with a restore. */
  async read(rows: Rows): Promise<readonly AuditedArchive[]> {
    const archives: AuditedArchive[] = [];
    for (let first = 1; ; first += SEGMENTS_AT_ONCE) {
      const told = await this.#from(rows, first);
      for (const archive of told) {
        if (!(await this.#isKept(rows, archive))) return archives;
        archives.push(archive);
      }
      if (told.length < SEGMENTS_AT_ONCE) return archives;
    }
  }

  /** Up to the first that no event tells of. */
  async #from(rows: Rows, first: number): Promise<readonly AuditedArchive[]> {
    const numbers = Array.from({ length: SEGMENTS_AT_ONCE }, (_, n) => first + n);
    const events = (await rows.all(EVENTS, ...numbers.map(archiveSubject)))
      .filter((row) => this.#isSealed(row))
      .map(sealedFromRow);
    const bySubject = Map.groupBy(events, ({ subject }) => subject);
    const archives: AuditedArchive[] = [];
    for (const number of numbers) {
      const archive = archiveIn(number, bySubject.get(archiveSubject(number)) ?? []);
      if (!archive) break;
      archives.push(archive);
    }
    return archives;
  }

  async #isKept(rows: Rows, { number, file, isRemoved }: AuditedArchive): Promise<boolean> {
    if (isRemoved || isSegmentFile(this.#archiveDir, number, file)) return true;
    return (await rows.first(LISTED, number, file)) !== undefined;
  }

  #isSealed(row: EventRow): boolean {
    const event = sealedFromRow(row);
    const before = event.sequence === 1 ? AUDIT_GENESIS.hash : row.previous_hash;
    if (!before || !auditEventHash(before, event).equals(event.hash)) return false;
    const hash = Buffer.from(event.hash).toString('base64url');
    if (this.#known.has(hash)) return true;
    if (!this.#runs.haveSealed('audit', event)) return false;
    this.#known.add(hash);
    return true;
  }
}
