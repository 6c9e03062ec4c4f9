import { CommandFailure } from '../cli/failure.ts';
import type { Config } from '../config.ts';
import { headOf } from '../db/chain-end.ts';
import { copyIntoFile, partOf } from '../db/copy/copy-into-file.ts';
import { type CopyOptions, type CopySource, type CopyTarget, copyStore } from '../db/copy/copy-store.ts';
import type { TableSum } from '../db/copy/copy-table.ts';
import { type InitialCopy, markInitialCopy } from '../db/copy/initial-copy.ts';
import { openTarget } from '../db/copy/open-target.ts';
import type { ReplacedPages } from '../db/copy/replaced-pages.ts';
import { type DatabaseSettings, isFile, type SqliteSettings } from '../db/database-settings.ts';
import type { DatabaseOwner } from '../db/engine.ts';
import { isDiskFull } from '../db/failure.ts';
import type { Trx } from '../db/schema.ts';
import type { RunKey } from '../kernel/audit-chain.ts';
import { systemClock } from '../kernel/clock.ts';
import { diskFull } from './refusals.ts';
import { requireSound } from './require-sound.ts';

interface CopyAcross {
  readonly config: Config;
  readonly source: CopySource;
  readonly target: DatabaseSettings;
  /** Of the target. */
  readonly owner: DatabaseOwner;
  /** What is in the target already. */
  readonly before: InitialCopy | undefined;
  readonly run: RunKey;
  readonly onStep: (what: string) => void;
}

/**
 * Copies all rows, compares and verifies them. Where it fails, the target holds what it held before: nothing, or an
 * initial copy.
 */
export async function copyAcross(
  across: CopyAcross & Pick<CopyOptions, 'finish'>,
): Promise<readonly TableSum[]> {
  const { source, target, before, run, finish = async () => {} } = across;
  const onRows = rowsTold(across);
  const copy = async () => {
    if (isFile(target)) {
      const check = (part: string, replaced: ReplacedPages) => verify(across, part, replaced);
      const file = { file: target.file, goesOn: before !== undefined, run, clock: systemClock };
      return await copyIntoFile(source, { ...file, onRows, finish, check });
    }
    const verified = async (trx: Trx, replaced: ReplacedPages) => {
      await verify(across, sourceFile(across), replaced);
      await finish(trx, replaced);
    };
    return await within(across, target, (to) => copyStore(source, to, { onRows, finish: verified }));
  };
  return (await withRoom(across, copy)).tables;
}

/** Fills the target beside a running service, and verifies what it has by then. Each page stays, whatever follows. */
export async function copyInitially(across: CopyAcross): Promise<readonly TableSum[]> {
  const { source, target } = across;
  const part = isFile(target) ? { file: partOf(target.file) } : target;
  return await withRoom(across, () =>
    within(across, part, async (to) => {
      const { tables, replaced } = await copyStore(source, to, { onRows: rowsTold(across), isInitial: true });
      await verify(across, isFile(part) ? part.file : sourceFile(across), replaced);
      await to.writer.transaction(async (trx) => {
        const { sequence } = await headOf(trx, 'audit');
        await markInitialCopy(trx, { verified: sequence });
      });
      return tables;
    }),
  );
}

function rowsTold({ onStep }: CopyAcross): CopyOptions['onRows'] {
  return (doing, table, rows) => onStep(`${doing} ${table}: ${rows} rows`);
}

/** What was verified before and is the same on both sides, is not verified again. */
async function verify(
  { config, before, onStep }: CopyAcross,
  database: string,
  replaced: ReplacedPages,
): Promise<void> {
  const isVerified = before !== undefined && before.verified > 0;
  await requireSound({ config, database, replaced: isVerified ? replaced : undefined, onStep });
}

/** Where the target is none. */
function sourceFile({ config }: CopyAcross): string {
  return (config.database as SqliteSettings).file;
}

async function within<T>(
  { owner, run }: CopyAcross,
  database: DatabaseSettings,
  work: (target: CopyTarget) => Promise<T>,
): Promise<T> {
  const target = await openTarget({ database, owner, run, clock: systemClock });
  try {
    return await work(target);
  } finally {
    await target.close();
  }
}

async function withRoom<T>({ target, before }: CopyAcross, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isDiskFull(error) ? diskFull(target, before !== undefined) : (refusalIn(error) ?? error);
  }
}

/** What a transaction ends with for the sake of something else, it has as its cause. */
function refusalIn(error: unknown): CommandFailure | undefined {
  if (error instanceof CommandFailure) return error;
  return error instanceof Error ? refusalIn(error.cause) : undefined;
}
