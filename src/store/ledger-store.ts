import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../domain/clock.ts';
import type { IssuedReader } from '../domain/issued-around.ts';
import type { IssuedHoursReader } from '../domain/issued-hours.ts';
import type { KeyUseReader } from '../domain/key-use.ts';
import type { LedgerArchives } from '../domain/ledger-archives.ts';
import type { LedgerErasure, LedgerSearch } from '../domain/ledger-search.ts';
import type { RecordLookup } from '../domain/lookup.ts';
import { ArchiveThread } from './archive-thread.ts';
import { createAuditedChange } from './audited-change.ts';
import { SqliteIssuedHours } from './issued-hours.ts';
import { SqliteIssuedReader } from './issued-reader.ts';
import { SqliteKeyUse } from './key-use.ts';
import { createLedgerArchives } from './ledger-archives.ts';
import { createLedgerErasure } from './ledger-erasure.ts';
import { LedgerLookup } from './ledger-lookup.ts';
import { SqliteLedgerSearch } from './ledger-search.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';
import type { FileIdentity } from './writer-protocol.ts';

/** Records in one segment at most, unless told otherwise: about 250 MB. */
const SEGMENT_RECORDS = 1_000_000;

export interface LedgerStoreOptions {
  readonly file: string;
  readonly identity: FileIdentity;
  readonly queueLimit: number;
  readonly archiveDir: string;
  readonly segmentRecords?: number | undefined;
  readonly writer: Pick<Writer, 'transaction'>;
  readonly reader: Pick<Reader, 'read'>;
  readonly clock: Clock;
}

export interface LedgerStore {
  /** For `createLedgerReader`. */
  readonly lookups: RecordLookup;
  readonly search: LedgerSearch;
  readonly keyUse: KeyUseReader;
  readonly issued: IssuedReader;
  readonly issuedHours: IssuedHoursReader;
  readonly erasure: LedgerErasure;
  readonly archives: LedgerArchives;
}

/** All of the ledger but the hot path's appending. Each kind of work has a thread of its own. */
export function openLedgerStore(options: LedgerStoreOptions): LedgerStore & { close(): Promise<void> } {
  const { file, identity, queueLimit, archiveDir, writer, reader, clock } = options;
  const lookups = new LedgerLookup({ file, identity, queueLimit });
  const search = new SqliteLedgerSearch({ file, identity, archiveDir });
  const keyUse = new SqliteKeyUse({ file, identity, archiveDir });
  const issued = new SqliteIssuedReader({ file, identity, archiveDir });
  const issuedHours = new SqliteIssuedHours({ file, identity, archiveDir });
  const segmentRecords = options.segmentRecords ?? SEGMENT_RECORDS;
  const thread = new ArchiveThread({ file, identity, archiveDir, segmentRecords });
  const change = createAuditedChange(writer, clock);
  const removeFile = (name: string) => rmSync(join(archiveDir, name), { force: true });
  return {
    lookups,
    search,
    keyUse,
    issued,
    issuedHours,
    erasure: createLedgerErasure({ search, thread, writer, reader, change, clock, removeFile }),
    archives: createLedgerArchives({ archiveDir, thread, writer, reader, change, clock }),
    close: async () => {
      const readers = [lookups, search, keyUse, issued, issuedHours];
      await Promise.all([...readers, thread].map((each) => each.close()));
    },
  };
}
