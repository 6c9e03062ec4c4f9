import type { RunKey } from '../../kernel/audit-chain.ts';
import type { Clock } from '../../kernel/clock.ts';
import { type DatabaseSettings, isFile } from '../database-settings.ts';
import type { DatabaseOwner } from '../engine.ts';
import { copyDialect, openEngine } from '../open-engine.ts';
import { UnwitnessedRanges } from '../unwitnessed.ts';
import { Writer } from '../writer.ts';
import type { CopyTarget } from './copy-store.ts';

interface TargetOptions {
  readonly database: DatabaseSettings;
  readonly owner?: DatabaseOwner;
  /** Seals what is appended behind the rows that were copied. */
  readonly run: RunKey;
  readonly clock: Clock;
}

/** Opens a database with the tables of this version, and writes no row of its own into them. As `openEngine`. */
export async function openTarget({
  database,
  owner,
  run,
  clock,
}: TargetOptions): Promise<CopyTarget & { close(): Promise<void> }> {
  const engine = await openEngine(database, owner);
  const unwitnessed = new UnwitnessedRanges();
  const writer = new Writer({ engine, queueLimit: 1, clock, run, unwitnessed, onEvent: () => {} });
  return {
    writer,
    dialect: await copyDialect(database),
    isAtOnce: !isFile(database),
    close: () => writer.close(),
  };
}
