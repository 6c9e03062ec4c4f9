import type { Engine, ReadLink } from '../engine.ts';
import { unavailable } from '../failure.ts';
import type { Language } from '../session-dialect.ts';
import type { FileIdentity } from '../writer-protocol.ts';
import { identify, prepareDatabaseFile } from './database-file.ts';
import { SQLITE } from './dialect.ts';
import { compileLedgerStatements } from './ledger-statements.ts';
import { LocalReads } from './local-reads.ts';
import { migrateFile } from './migrate-file.ts';
import { ownSchema } from './own-schema.ts';

/** Makes the file, with mode 0600, where it is missing. */
export async function openSqlite(file: string): Promise<Engine> {
  const identity = { ...prepare(file), schema: await migrateFile(file) };
  const database = { file, identity };
  return {
    language: SQLITE,
    writing: {
      entry: new URL('./writer-worker.ts', import.meta.url),
      settings: { ...database, statements: compileLedgerStatements() },
    },
    reading: { entry: new URL('./read-worker.ts', import.meta.url), settings: database },
    archiving: { entry: new URL('./archive-worker.ts', import.meta.url), settings: database },
    openReads: () => new LocalReads(file, identity.schema),
  };
}

/** Of a file that is there. */
export async function readSqlite(file: string): Promise<{ language: Language; link: ReadLink }> {
  return { language: SQLITE, link: new LocalReads(file, await ownSchema()) };
}

function prepare(file: string): FileIdentity {
  try {
    prepareDatabaseFile(file);
    const identity = identify(file);
    if (identity) return identity;
    throw new Error(`${file} disappeared while it was opened`);
  } catch (cause) {
    throw unavailable(cause instanceof Error ? cause : new Error(String(cause)));
  }
}
