import { verifyAudit } from '../audit-verify/index.ts';
import { commandFailure } from '../cli/failure.ts';
import type { Config } from '../config.ts';
import { copyIntoFile, discardPart } from '../db/copy/copy-into-file.ts';
import { type CopyOptions, type CopySource, copyStore } from '../db/copy/copy-store.ts';
import { openTarget } from '../db/copy/open-target.ts';
import type { TableSum } from '../db/copy/walk-tables.ts';
import { type DatabaseSettings, isFile } from '../db/database-settings.ts';
import { isDiskFull } from '../db/disk-full.ts';
import type { DatabaseOwner } from '../db/engine.ts';
import type { RunKey } from '../kernel/audit-chain.ts';
import { systemClock } from '../kernel/clock.ts';
import { diskFull } from './refusals.ts';

interface CopyAcross {
  readonly config: Config;
  readonly source: CopySource;
  readonly target: DatabaseSettings;
  /** Of the target. */
  readonly owner: DatabaseOwner;
  readonly run: RunKey;
  readonly onStep: (what: string) => void;
  readonly finish?: CopyOptions['finish'];
}

/** Copies all rows and verifies them; whichever way it fails, the target is empty afterwards. */
export async function copyAcross(across: CopyAcross): Promise<readonly TableSum[]> {
  try {
    return await copy(across);
  } catch (error) {
    throw isDiskFull(error) ? diskFull(across.target) : error;
  }
}

async function copy(across: CopyAcross): Promise<readonly TableSum[]> {
  const { config, source, target, owner, run, onStep, finish } = across;
  const options: CopyOptions = {
    onRows: (doing, table, rows) => onStep(`${doing} ${table}: ${rows} rows`),
    ...(finish ? { finish } : {}),
  };
  if (isFile(target)) {
    discardPart(target.file);
    const check = (part: string) => requireSound(config, part, onStep);
    return await copyIntoFile(source, { ...options, file: target.file, run, clock: systemClock, check });
  }
  const to = await openTarget({ database: target, owner, run, clock: systemClock });
  try {
    return await copyStore(source, to, options);
  } finally {
    await to.close();
  }
}

/** As `keyward audit verify` has it. */
export async function requireSound(
  { file: configFile, ledger }: Config,
  database: string,
  onStep: (what: string) => void,
): Promise<void> {
  onStep('verifying every chain');
  const options = { configFile, database, archiveDir: ledger.archive_dir, saved: [], sinks: false };
  const { findings } = await verifyAudit(options);
  const [first] = findings;
  if (!first) return;
  throw commandFailure(
    'audit_unsound',
    `the database does not verify, ${findings.length} findings; the first: ${first.part}: ${first.place}: ${first.detail}. Nothing was moved; docs/runbooks/changed-records.md`,
  );
}
