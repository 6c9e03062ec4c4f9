import { dirname, resolve } from 'node:path';
import { loadConfig } from '../config.ts';
import { onFile } from '../db/database-settings.ts';
import { groupsOf } from '../db/stored-ledger.ts';
import { StoredTrail } from '../db/stored-trail.ts';
import { rowHashes } from '../kernel/ledger-chain.ts';
import { type ExportEntry, writeExportLine } from './export-line.ts';
import { jwkIn } from './trust.ts';

/** What is read here is a file. */
export const COPY_FIRST = 'copy it first: keyward audit copy FILE, then --database FILE';

interface ExportOptions {
  readonly configFile: string;
  /** Instead of the configuration's database. */
  readonly database?: string | undefined;
  /** Of such a database; default: `ledger-archive` beside it. */
  readonly archiveDir?: string | undefined;
  /** The ledger as well: 43 characters a record. */
  readonly ledger: boolean;
}

/**
 * `keyward audit export`: the trail as JSON Lines, all of one moment, without personal values. What verifies
 * there verifies here.
 */
export function* exportAudit(options: ExportOptions): Generator<string> {
  const trail = new StoredTrail(...placeOf(options));
  try {
    for (const entry of entriesOf(trail, options.ledger)) yield writeExportLine(entry);
  } finally {
    trail.close();
  }
}

/** The database, and the folder of its archive. */
function placeOf({ configFile, database, archiveDir }: ExportOptions): [file: string, archiveDir: string] {
  if (database !== undefined) return [database, archiveDir ?? archiveBeside(database)];
  const config = onFile(loadConfig(configFile), 'keyward audit export', COPY_FIRST);
  return [config.database.file, config.ledger.archive_dir];
}

/** Absolute path. */
export function archiveBeside(database: string): string {
  return resolve(dirname(database), 'ledger-archive');
}

function* entriesOf(trail: StoredTrail, ledger: boolean): Generator<ExportEntry> {
  const publicJwk = jwkIn(trail.auditKeyJson());
  if (publicJwk) yield { kind: 'audit_key', publicJwk };
  for (const event of trail.events()) yield { kind: 'event', event };
  if (ledger) {
    for (const { group, rows } of groupsOf(trail)) {
      yield { kind: 'ledger_group', group, hashes: rows && rowHashes(rows) };
    }
  }
  for (const { number, jws } of trail.table('checkpoints', 'number'))
    yield { kind: 'checkpoint', number, jws };
}
