import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type VerifyReport, verifyAudit } from '../audit-verify/index.ts';
import { commandFailure } from '../cli/failure.ts';
import { type Config, loadConfig } from '../config.ts';
import { onFile, type SqliteSettings } from '../db/database-settings.ts';
import { isDiskFull } from '../db/failure.ts';
import { copyDatabase } from '../db/sqlite/online-copy.ts';
import { systemClock } from '../kernel/clock.ts';
import { FIRST_TOKEN } from '../kernel/key.ts';
import { errorMessage } from '../lib/text.ts';
import { digestFile, freeBytes, syncPath } from './files.ts';
import {
  composeManifest,
  DATABASE,
  MANIFEST,
  type Manifest,
  type NamedFile,
  type ReadContents,
  SEGMENTS,
} from './manifest.ts';

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY = 0o600;

/** Told what is done at the moment. */
export type OnStep = (what: string) => void;

export interface BackupRequest {
  readonly configFile: string;
  /** The folder of the backup. */
  readonly dir: string;
  readonly onStep: OnStep;
}

export interface TakenBackup {
  readonly manifest: Manifest;
  readonly findings: VerifyReport['findings'];
}

/** The configuration of a service on a file. */
export type FileConfig = Config & { readonly database: SqliteSettings };

/** `invalid_config` for one on PostgreSQL, which has backups of its own. */
export function loadFileConfig(configFile: string, command: string): FileConfig {
  return onFile(
    loadConfig(configFile),
    command,
    'PostgreSQL has backups of its own: docs/postgresql.md#backup',
  );
}

/**
 * `keyward backup`: copies database and ledger archive of one moment into a new folder, beside a running service, and
 * verifies the copy. The folder gets its name once all of it is there; otherwise nothing is left.
 */
export async function takeBackup(
  contentsOf: ReadContents,
  { configFile, dir, onStep }: BackupRequest,
): Promise<TakenBackup> {
  const config = loadFileConfig(configFile, 'keyward backup');
  const folder = resolve(dir);
  refuseUsed(folder);
  requireDatabase(config.database.file);
  const part = `${folder}.part`;
  makeFolder(part);
  try {
    await requireRoom(config, part);
    const taken = await fill(part, config, { contentsOf, onStep });
    await syncPath(part);
    renameSync(part, folder);
    await syncPath(dirname(folder));
    return taken;
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    throw told(error);
  }
}

function refuseUsed(folder: string): void {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isDirectory()) throw commandFailure('folder_in_use', `${folder} is no folder`);
  if (readdirSync(folder).length > 0) {
    throw commandFailure('folder_in_use', `${folder} is not empty; each backup takes a folder of its own`);
  }
}

function requireDatabase(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isFile()) return;
  throw commandFailure('no_database', `${file}: there is no database to back up`);
}

function makeFolder(part: string): void {
  try {
    mkdirSync(part, { mode: OWNER_ONLY_FOLDER });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'EEXIST'
      ? commandFailure(
          'folder_in_use',
          `${part} is there: another backup runs, or one was interrupted; then remove it`,
        )
      : commandFailure('folder_refused', `${part} cannot be made (${code})`);
  }
}

async function requireRoom({ database, ledger }: FileConfig, part: string): Promise<void> {
  const needed = sizeOf(database.file) + sizeOf(`${database.file}-wal`) + sizeOfFiles(ledger.archive_dir);
  const free = await freeBytes(join(part, DATABASE));
  if (free > needed) return;
  throw commandFailure('disk_full', `the backup takes up to ${needed} bytes, and its disk has ${free}`);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function sizeOfFiles(folder: string): number {
  if (!statSync(folder, { throwIfNoEntry: false })) return 0;
  return readdirSync(folder).reduce((sum, name) => sum + sizeOf(join(folder, name)), 0);
}

interface FillDeps {
  readonly contentsOf: ReadContents;
  readonly onStep: OnStep;
}

async function fill(
  part: string,
  config: FileConfig,
  { contentsOf, onStep }: FillDeps,
): Promise<TakenBackup> {
  const copy = join(part, DATABASE);
  await copyDatabase(config.database.file, copy, (share) =>
    onStep(`copying the database: ${Math.floor(share * 100)} %`),
  );
  const held = await contentsOf(copy);
  const files: NamedFile[] = [{ name: DATABASE, ...(await digestFile(copy, { onBytes: () => {} })) }];
  await syncPath(copy);
  if (held.segments.length > 0) mkdirSync(join(part, SEGMENTS), { mode: OWNER_ONLY_FOLDER });
  for (const [index, name] of held.segments.entries()) {
    onStep(`copying the ledger archive: ${index + 1} of ${held.segments.length}`);
    files.push(await copySegment(config.ledger.archive_dir, part, name));
  }
  if (held.segments.length > 0) await syncPath(join(part, SEGMENTS));
  onStep('verifying the copy');
  const { findings } = await verifyAudit({
    configFile: config.file,
    database: copy,
    saved: [],
    sinks: false,
  });
  const manifest = composeManifest(held, {
    made_at: systemClock.nowSeconds(),
    hsm_tokens: tokensOf(config),
    sound: findings.length === 0,
    files,
  });
  const file = join(part, MANIFEST);
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`, { mode: OWNER_ONLY, flag: 'wx' });
  await syncPath(file);
  return { manifest, findings };
}

/** A segment that is missing in a database that says so was lost before; the verification names it. */
async function copySegment(archiveDir: string, part: string, file: string): Promise<NamedFile> {
  const name = `${SEGMENTS}/${basename(file)}`;
  try {
    return {
      name,
      ...(await digestFile(join(archiveDir, basename(file)), { to: join(part, name), onBytes: () => {} })),
    };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw error;
    throw commandFailure(
      'segment_missing',
      `${join(archiveDir, file)} is missing: an erasure replaced it just now, then run the backup again; or it was lost, then put it back`,
    );
  }
}

function tokensOf({ hsm, hsm_tokens }: FileConfig): Manifest['hsm_tokens'] {
  return Object.entries({ [FIRST_TOKEN]: hsm, ...hsm_tokens }).map(([name, token]) => ({
    name,
    label: token.token_label,
    serial: token.token_serial,
  }));
}

/** What the disk or SQLite says, with what it means for the backup. */
export function told(error: unknown): unknown {
  const { code, path } = error as NodeJS.ErrnoException;
  const where = path === undefined ? '' : ` (${path})`;
  if (isDiskFull(error)) {
    return commandFailure(
      'disk_full',
      `the disk is full${where}; nothing was changed, and nothing is left of it`,
    );
  }
  if (code === 'ERR_SQLITE_ERROR')
    return commandFailure('unreadable', `the database cannot be read: ${errorMessage(error)}`);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOENT' || code === 'EIO')
    return commandFailure('unreadable', `a file cannot be read or written: ${code}${where}`);
  return error;
}
