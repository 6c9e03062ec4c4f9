import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type SinkReach, sinksReach } from '../audit/index.ts';
import { verifyAudit } from '../audit-verify/index.ts';
import { commandFailure } from '../cli/failure.ts';
import { refuseForeignFolder } from '../db/refuse-foreign.ts';
import { ownFile } from '../db/sqlite/database-file.ts';
import { intoOneFile } from '../db/sqlite/online-copy.ts';
import { systemClock } from '../kernel/clock.ts';
import { isoInstant } from '../lib/instant.ts';
import { digestFile, syncPath } from './files.ts';
import {
  type Contents,
  DATABASE,
  describeContents,
  MANIFEST,
  type Manifest,
  type ReadContents,
  readManifest,
  SEGMENTS,
} from './manifest.ts';
import { type BackupRequest, type FileConfig, loadFileConfig, type OnStep, told } from './take.ts';

const OWNER_ONLY_FOLDER = 0o700;

export interface RestoreRequest extends BackupRequest {
  readonly replace?: boolean | undefined;
}

export interface PutBack {
  readonly manifest: Manifest;
  /** Where what was there before is now. */
  readonly aside: readonly string[];
  /** Sinks that have seen more events than the backup holds. */
  readonly ahead: readonly SinkReach[];
  /** HSM tokens that the configuration names by another serial number than the backup. */
  readonly otherTokens: readonly string[];
  /** False where a former audit key signed it: the service verifies it when it starts. */
  readonly isVerified: boolean;
}

/**
 * `keyward restore`: puts a backup in the place of the database, while the service is stopped. All of it is read,
 * compared and verified beside that place first. What is there is put aside, never deleted.
 */
export async function putBack(
  contentsOf: ReadContents,
  { configFile, dir, onStep, replace = false }: RestoreRequest,
): Promise<PutBack> {
  const config = loadFileConfig(configFile, 'keyward restore');
  const { file } = config.database;
  refuseForeignFolder([file, dirname(file), config.ledger.archive_dir], `restore ${dir}`);
  const folder = resolve(dir);
  const manifest = readManifest(folder);
  refuseOthers(folder, manifest);
  const isSuccessor = requireOwnKeys(config, manifest);
  mkdirSync(dirname(file), { recursive: true, mode: OWNER_ONLY_FOLDER });
  const owner = ownFile(file);
  const staged = stagedPaths(config);
  try {
    if (!replace) await requireNone(config, manifest, contentsOf);
    discard(staged);
    await stage(folder, manifest, staged, onStep);
    requireContents(manifest, await contentsOf(staged.database));
    onStep('verifying the copy');
    if (!isSuccessor) await requireSound(config, staged.database);
    const aside = await swap(config, staged);
    return {
      manifest,
      aside,
      ahead: await sinksAhead(config, manifest),
      otherTokens: otherTokens(config, manifest),
      isVerified: !isSuccessor,
    };
  } catch (error) {
    discard(staged);
    throw told(error);
  } finally {
    await owner.release();
  }
}

/** Each file that is there must be named: a log beside the database would be taken over into it. */
function refuseOthers(folder: string, { files }: Manifest): void {
  const named = new Set([...files.map(({ name }) => name), MANIFEST, SEGMENTS]);
  const within = lstatSync(join(folder, SEGMENTS), { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(join(folder, SEGMENTS)).map((name) => `${SEGMENTS}/${name}`)
    : [];
  const other = [...readdirSync(folder), ...within].find((name) => !named.has(name));
  if (other !== undefined) throw changed(`${other} is not named in ${MANIFEST}`);
  if (!files.some(({ name }) => name === DATABASE)) throw changed(`${MANIFEST} names no ${DATABASE}`);
}

function changed(what: string) {
  return commandFailure('backup_changed', `this is not the backup as it was made: ${what}`);
}

/** Whether former service keys signed it. Without these keys in its HSM the service would not start. */
function requireOwnKeys({ hsm, file }: FileConfig, { registry_kid, audit_kid }: Manifest): boolean {
  const { registry_key, audit_key, replacements } = hsm;
  if (registry_key === undefined || audit_key === undefined) {
    throw commandFailure(
      'other_hsm',
      `${file} names no hsm.registry_key and hsm.audit_key: restore the configuration of the service first`,
    );
  }
  if (registry_kid === registry_key && audit_kid === audit_key) return false;
  const isFormer = replacements.some(
    ({ former }) => former.registry_key.kid === registry_kid && former.audit_key.kid === audit_kid,
  );
  if (isFormer) return true;
  throw commandFailure(
    'other_hsm',
    `the backup belongs to registry key ${registry_kid} and audit key ${audit_kid}, and ${file} names other ones: it is of another service, or for another HSM`,
  );
}

async function requireNone(
  { database: { file } }: FileConfig,
  manifest: Manifest,
  contentsOf: ReadContents,
): Promise<void> {
  if (!existsSync(file)) return;
  const present = await contentsOf(file).catch(() => undefined);
  const aside = 'With --replace it is put aside, not deleted';
  if (!present) {
    throw commandFailure('database_exists', `${file} is there and cannot be read. ${aside}`);
  }
  const [has, would] = [present.heads.audit.sequence, manifest.heads.audit?.sequence ?? 0];
  if (has > would) {
    throw commandFailure(
      'newer_database',
      `${file} is newer than the backup: it ends at event ${has}, the backup at ${would}. What lies between would be lost. ${aside}`,
    );
  }
  throw commandFailure('database_exists', `${file} is there, and ends at event ${has}. ${aside}`);
}

interface Staged {
  readonly database: string;
  readonly archive: string;
}

/** Beside their places, so that they take them by a rename. The verification finds the segments by that name. */
function stagedPaths({ database, ledger }: FileConfig): Staged {
  return { database: `${database.file}.restoring`, archive: `${ledger.archive_dir}.restoring` };
}

function discard({ database, archive }: Staged): void {
  for (const path of [database, `${database}-journal`, archive])
    rmSync(path, { recursive: true, force: true });
}

async function stage(folder: string, manifest: Manifest, staged: Staged, onStep: OnStep): Promise<void> {
  const all = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let read = 0;
  const onBytes = (bytes: number) => {
    read += bytes;
    onStep(`copying: ${Math.floor((100 * read) / Math.max(1, all))} %`);
  };
  mkdirSync(staged.archive, { recursive: true, mode: OWNER_ONLY_FOLDER });
  for (const { name, bytes, sha256 } of manifest.files) {
    const from = join(folder, name);
    if (!lstatSync(from, { throwIfNoEntry: false })?.isFile())
      throw changed(`${name} is missing, or no file`);
    const to = name === DATABASE ? staged.database : join(staged.archive, basename(name));
    const found = await digestFile(from, { to, onBytes });
    if (found.bytes !== bytes || found.sha256 !== sha256)
      throw changed(`${name} is not the file of ${MANIFEST}`);
  }
  await syncPath(staged.archive);
}

function requireContents(manifest: Manifest, held: Contents): void {
  const { schema, registry_kid, audit_kid, checkpoint, heads } = manifest;
  const said = { schema, registry_kid, audit_kid, checkpoint, heads };
  const is = describeContents(held);
  for (const [name, value] of Object.entries(is)) {
    if (JSON.stringify(said[name as keyof typeof is]) !== JSON.stringify(value)) {
      throw changed(`${MANIFEST} says otherwise than the database: ${name}`);
    }
  }
}

async function requireSound(config: FileConfig, database: string): Promise<void> {
  const { findings } = await verifyAudit({
    configFile: config.file,
    database,
    archiveDir: stagedPaths(config).archive,
    saved: [],
    sinks: false,
  });
  const [first] = findings;
  if (!first) return;
  throw commandFailure(
    'audit_unsound',
    `the backup does not verify, ${findings.length} findings; the first: ${first.part}: ${first.place}: ${first.detail}. Nothing was changed; docs/runbooks/changed-records.md`,
  );
}

/**
 * Cut short anywhere, the former database is in its place with its archive, or the restored one is: each takes its
 * place by one rename, and what was there has another name by then.
 */
async function swap({ database: { file }, ledger }: FileConfig, staged: Staged): Promise<string[]> {
  const archiveDir = ledger.archive_dir;
  const name = `before-restore-${isoInstant(systemClock.nowSeconds()).replace(/[:.]/g, '')}`;
  const aside: string[] = [];
  const keep = (path: string, to: string) => {
    nameTwice(path, to);
    aside.push(to);
  };
  if (existsSync(file)) takeLogOver(file);
  const former = existsSync(archiveDir) ? readdirSync(archiveDir) : [];
  mkdirSync(archiveDir, { recursive: true, mode: OWNER_ONLY_FOLDER });
  if (former.length > 0) mkdirSync(`${archiveDir}.${name}`, { mode: OWNER_ONLY_FOLDER });
  for (const segment of former) keep(join(archiveDir, segment), join(`${archiveDir}.${name}`, segment));
  const restored = readdirSync(staged.archive);
  for (const segment of restored) renameSync(join(staged.archive, segment), join(archiveDir, segment));
  await syncPath(archiveDir);
  for (const log of ['-wal', '-shm'].filter((end) => existsSync(file + end))) {
    keep(file + log, `${file}.${name}${log}`);
    rmSync(file + log);
  }
  if (existsSync(file)) keep(file, `${file}.${name}`);
  renameSync(staged.database, file);
  await syncPath(dirname(file));
  for (const segment of former.filter((each) => !restored.includes(each))) rmSync(join(archiveDir, segment));
  discard(staged);
  return aside;
}

/** Both names lead to one file; to a copy where the file system knows no second name. */
function nameTwice(path: string, to: string): void {
  try {
    linkSync(path, to);
  } catch {
    copyFileSync(path, to, constants.COPYFILE_EXCL);
  }
}

/** One that is damaged is put aside with its log. */
function takeLogOver(file: string): void {
  try {
    intoOneFile(file);
  } catch {
    // Its log is put aside as it is.
  }
}

async function sinksAhead(config: FileConfig, { heads }: Manifest): Promise<readonly SinkReach[]> {
  const end = heads.audit?.sequence ?? 0;
  return (await sinksReach(config)).filter(({ event }) => event > end);
}

function otherTokens({ hsm, hsm_tokens }: FileConfig, { hsm_tokens: backedUp }: Manifest): readonly string[] {
  const named = new Map(Object.entries({ primary: hsm, ...hsm_tokens }));
  return backedUp
    .filter(({ name, serial }) => named.get(name)?.token_serial !== serial)
    .map(({ name }) => name);
}
