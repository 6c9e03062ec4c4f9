import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BrokenChain, RunPublicKey } from '../kernel/audit-chain.ts';
import type { Clock } from '../kernel/clock.ts';
import type { KeyUseReader, RecordLookup } from '../kernel/issuance.ts';
import type { GroupBefore, LedgerGroup } from '../kernel/ledger-chain.ts';
import type {
  IssuedHoursReader,
  IssuedReader,
  LedgerArchives,
  LedgerSearch,
  LivingTokensReader,
} from '../kernel/ledger-search.ts';
import type { Emitter, Subscribable } from '../lib/emitter.ts';
import { type AuditedChange, createAuditedChange } from './append-audit-event.ts';
import { AuditedArchives } from './archive-table.ts';
import { ArchiveThread } from './archive-thread.ts';
import { GroupWalk, walkTail } from './chain-walks.ts';
import type { Engine } from './engine.ts';
import { createLedgerArchives } from './ledger-archives.ts';
import { LedgerLookup } from './ledger-lookup.ts';
import { ledgerEntry, ledgerGroup } from './ledger-row.ts';
import { SqliteLedgerSearch } from './ledger-search.ts';
import { openLedgerThreads } from './ledger-threads.ts';
import type { ReadThread } from './read-thread.ts';
import type { RunDirectory } from './run-directory.ts';
import type { Trx, TrxReader } from './schema.ts';
import type { Writer } from './writer.ts';

/** Records in one segment at most, unless told otherwise: about 250 MB. */
const SEGMENT_RECORDS = 1_000_000;
/** Read by the walk. What is new takes of what is read again, so that much work does not make more of it. */
const ROWS_A_STEP = 4_000;
const LEAST_ROWS_AGAIN = 500;

interface LedgerStoreOptions {
  readonly engine: Pick<Engine, 'reading' | 'archiving'>;
  readonly queueLimit: number;
  readonly archiveDir: string;
  readonly segmentRecords?: number | undefined;
  /** Public: its seals count from the first. */
  readonly run: RunPublicKey;
  readonly directory: RunDirectory;
  readonly writer: Pick<Writer, 'transaction' | 'sharedEnd' | 'ledgerEnd' | 'expectLedgerEnd'>;
  readonly reader: TrxReader;
  readonly broken: Emitter<BrokenChain>;
  readonly clock: Clock;
  /** A look-up that failed. */
  readonly onLookupFailure?: (error: unknown) => void;
}

/** What an erasure takes the personal values of records out of. */
export interface ErasingParts {
  readonly search: Pick<SqliteLedgerSearch, 'rows'>;
  readonly thread: ArchiveThread;
  readonly auditedArchives: AuditedArchives;
  readonly change: AuditedChange;
  readonly removeFile: (name: string) => void;
}

export interface LedgerStore {
  /** For `createLedgerReader`, where somebody waits for a verdict. */
  readonly lookups: RecordLookup;
  /** The same in another thread, for many at once: sightings and leaks. */
  readonly bulkLookups: RecordLookup & Pick<LedgerLookup, 'isUsed'>;
  readonly search: LedgerSearch;
  readonly keyUse: KeyUseReader;
  readonly issued: IssuedReader & LivingTokensReader;
  readonly issuedHours: IssuedHoursReader;
  /** For `createLedgerErasure`. */
  readonly erasing: ErasingParts;
  /** Reads the chains again; beside everything else, and slowly. */
  readonly walks: Pick<ReadThread, 'ask'>;
  readonly archives: LedgerArchives;
  /** Records that were met and count for nothing. */
  readonly broken: Subscribable<BrokenChain>;
  /**
   * Before anything is read: names the runs whose seals count beside this process's own, and the last group that a
   * checkpoint covers. Groups are appended to the end that follows from there alone. Answers what does not hold behind
   * the checkpoint, bounded. `store_unavailable`.
   */
  open(runs: readonly RunPublicKey[], checkpoint: number): Promise<readonly BrokenChain[]>;
  /** Reads on, by turns what is new and what was read before: the first group or record that does not hold. */
  walk(): Promise<BrokenChain | undefined>;
}

/** All of the ledger but the hot path's appending. */
export function openLedgerStore(options: LedgerStoreOptions): LedgerStore & { close(): Promise<void> } {
  const { engine, queueLimit, archiveDir, writer, reader, broken, clock } = options;
  const runs: RunPublicKey[] = [options.run];
  const { directory } = options;
  const end = writer.sharedEnd.memory;
  const reading = { thread: engine.reading, archiveDir, runs, directory, end };
  const threads = openLedgerThreads(reading);
  const onBroken = (each: BrokenChain) => broken.emit(each);
  const lookupOptions = { queueLimit, onBroken, onFailure: options.onLookupFailure ?? (() => {}) };
  const search = new SqliteLedgerSearch(threads.search, onBroken);
  let walking = alternating(threads.walks, writer, undefined);
  const segmentRecords = options.segmentRecords ?? SEGMENT_RECORDS;
  const thread = new ArchiveThread(engine.archiving, { archiveDir, segmentRecords });
  const auditedArchives = new AuditedArchives({ reader, archiveDir });
  const change = createAuditedChange(writer, clock);
  const removeFile = (name: string) => rmSync(join(archiveDir, name), { force: true });
  return {
    lookups: new LedgerLookup(threads.lookups, lookupOptions),
    bulkLookups: new LedgerLookup(threads.bulkLookups, lookupOptions),
    search,
    keyUse: { use: (question) => threads.keyUse.ask('keyUse', question) },
    issued: {
      issued: async (question) => {
        const { tokens, rows, broken: flawed, complete } = await threads.issued.ask('issued', question);
        for (const each of flawed) onBroken(each);
        return { tokens, complete, entries: rows.map((row) => ledgerEntry(row, row.archived)) };
      },
      living: (question) => threads.issued.ask('livingTokens', question),
    },
    issuedHours: { between: (from, to) => threads.issuedHours.ask('issuedHours', { from, to }) },
    erasing: { search, thread, auditedArchives, change, removeFile },
    archives: createLedgerArchives({ archiveDir, thread, writer, auditedArchives, change, clock }),
    broken,
    walks: threads.walks,
    async open(others, checkpoint) {
      runs.push(...others);
      const from = await reader.read((trx) => lastGroupUntil(trx, checkpoint));
      const tail = await walkTail(threads.walks, from);
      writer.expectLedgerEnd(tail.end);
      walking = alternating(threads.walks, writer, from);
      return tail.broken;
    },
    walk: () => walking(),
    close: async () => {
      await Promise.all([...Object.values(threads), thread].map((each) => each.close()));
    },
  };
}

function alternating(
  walks: ReadThread,
  writer: Pick<Writer, 'ledgerEnd'>,
  from: GroupBefore | undefined,
): () => Promise<BrokenChain | undefined> {
  const end = () => writer.ledgerEnd;
  const fresh = new GroupWalk(walks, end, { from });
  const again = new GroupWalk(walks, end, { until: () => fresh.place });
  let turn = 0;
  return () =>
    turn++ % 2 === 0
      ? fresh.step(ROWS_A_STEP)
      : again.step(Math.max(ROWS_A_STEP - fresh.rows, LEAST_ROWS_AGAIN));
}

/** From it the chain goes on; undefined for its beginning. */
async function lastGroupUntil(trx: Trx, sequence: number): Promise<LedgerGroup | undefined> {
  const row = await trx
    .selectFrom('ledger_groups')
    .selectAll()
    .where('sequence', '>', 0)
    .where('sequence', '<=', sequence)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && ledgerGroup(row);
}
