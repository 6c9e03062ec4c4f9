import { existsSync } from 'node:fs';
import { filesOfSink } from '../audit/sink-files.ts';
import { linesOf } from '../audit/sink-line.ts';
import { usageFailure } from '../cli/failure.ts';
import { type Config, loadConfig } from '../config.ts';
import { onFile } from '../db/database-settings.ts';
import { ownSchema } from '../db/sqlite/own-schema.ts';
import { groupSeals } from '../db/stored-ledger.ts';
import { StoredTrail } from '../db/stored-trail.ts';
import { type Finding, Findings } from '../kernel/audit.ts';
import type { LedgerGroup } from '../kernel/ledger-chain.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import type { AcceptedRestore } from './accepted-restores.ts';
import {
  checkBesideChains,
  checkErasures,
  checkRegistry,
  checkTestified,
  databaseSource,
  NONE_TESTIFIED,
  type TestifiedCounts,
} from './database.ts';
import { archiveBeside, COPY_FIRST } from './export.ts';
import { checkOutbox } from './outbox.ts';
import { fileSource } from './trail-source.ts';
import { type Belief, jwksIn, resolveTrustAnchor } from './trust.ts';
import { readSinks, type SavedCheckpoint } from './verify-checkpoints.ts';
import { verifyEnrolments, verifyGroupSeals, verifyRuns, verifySeals } from './verify-seals.ts';
import { type TrailCounts, type Uncovered, verifyTrail } from './verify-trail.ts';

/**
 * A checkpoint as it is, the answer of the endpoint, or every checkpoint of a sink's file, but for a line that a crash
 * cut short. A usage failure for a file without any.
 */
function savedIn(files: readonly string[]): readonly SavedCheckpoint[] {
  return files.flatMap((from) => {
    const saved: SavedCheckpoint[] = [];
    for (const file of filesOfSink(from)) {
      for (const line of linesOf(file)) {
        const jws = jwsIn(line.trim());
        if (jws !== undefined) saved.push({ from, jws });
      }
    }
    if (saved.length > 0) return saved;
    throw usageFailure(
      `${from} holds no checkpoint; it must be one, what /v1/checkpoints/latest answers, or the file of a sink`,
    );
  });
}

function jwsIn(line: string): string | undefined {
  if (!line.startsWith('{')) return line === '' ? undefined : line;
  const { checkpoint } = parsed(line);
  return typeof checkpoint === 'object' ? checkpoint?.jws : checkpoint;
}

function parsed(line: string): { readonly checkpoint?: string | { readonly jws: string } | null } {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

interface VerifyOptions extends Belief {
  /** Instead of the configuration's database. */
  readonly database?: string | undefined;
  /** Of such a database; default: `ledger-archive` beside it. */
  readonly archiveDir?: string | undefined;
  /** An export or a sink's file, instead of a database. */
  readonly file?: string | undefined;
  /** Files with checkpoints that somebody kept. */
  readonly saved: readonly string[];
  /** Whether a database is held against the configured sinks; default: it is. */
  readonly sinks?: boolean | undefined;
  /**
   * Asked of each group of the ledger, in order, whether its rows and its seal were found right before and are still the
   * same: then only its place in the chain is looked at. Default: none was.
   */
  readonly isVerified?: (group: LedgerGroup) => boolean;
}

export interface VerifyReport {
  readonly source: string;
  readonly auditKid: string;
  readonly counts: TrailCounts & TestifiedCounts & { readonly registryRows: number | null };
  /** What no checkpoint covers; null where nothing was checked. */
  readonly uncovered: Uncovered | null;
  /** The files of sinks that it was held against. */
  readonly sinks: readonly string[];
  /** What a database that was put back had lost, accepted by two persons. */
  readonly restores: readonly AcceptedRestore[];
  readonly findings: readonly Finding[];
}

/**
 * `keyward audit verify`: recomputes what can be recomputed, and names the first of each kind of fault in each
 * part. Reads only. `invalid_config` where there is no audit key to believe.
 */
export async function verifyAudit(options: VerifyOptions): Promise<VerifyReport> {
  const findings = new Findings();
  if (options.file !== undefined) {
    const source = fileSource(options.file, findings);
    const key = resolveTrustAnchor(options, source.auditKeys());
    const { counts, uncovered, restores } = await verifyTrail(source, key, savedIn(options.saved), findings);
    verifyEnrolments(source.events(), key, findings);
    const whole = { ...counts, ...NONE_TESTIFIED, registryRows: null };
    return report(options.file, key, { counts: whole, uncovered, sinks: [], restores }, findings);
  }
  return verifyDatabase(options, findings);
}

async function verifyDatabase(options: VerifyOptions, findings: Findings): Promise<VerifyReport> {
  const config = configOf(options);
  const { isVerified = () => false } = options;
  const file =
    options.database ?? (config && onFile(config, 'keyward audit verify', COPY_FIRST).database.file) ?? '';
  const archiveDir =
    options.archiveDir ??
    (options.database === undefined && config ? config.ledger.archive_dir : archiveBeside(file));
  const own = await ownSchema();
  // Before the database: what a sink or a saved file has by now, the database has as well.
  const saved = savedIn(options.saved);
  const sinks = readSinks(options.sinks === false ? [] : sinkFiles(config), findings);
  const trail = new StoredTrail(file, archiveDir);
  try {
    const foreign = trail.foreign(own);
    if (foreign.length > 0) return refusedSchema(options, file, foreign, findings);
    const key = resolveTrustAnchor(options, jwksIn(trail.auditKeyJson()));
    for (const damage of trail.damage()) findings.add('database', 'bad_row', file, damage);
    const verdict = await verifyTrail(databaseSource(trail, isVerified), key, saved, findings, sinks);
    const { restores, uncovered, checkpoint } = verdict;
    const runs = await verifyRuns([...trail.runs()], [...trail.recordedCertificates()], key, findings);
    await verifySeals(trail.sealedEvents(), runs, key, checkpoint, findings);
    await verifyGroupSeals(groupSeals(trail, isVerified), runs, key, checkpoint, findings);
    const gaps = restores.map(({ gap }) => gap);
    verifyEnrolments(trail.events(), key, findings);
    checkBesideChains(trail, gaps, findings);
    const testified = checkTestified(trail, gaps, findings);
    checkErasures(trail, findings);
    checkOutbox(trail, config?.notifications, findings);
    const registryRows = await checkRegistry(file, config?.hsm.registry_key, verdict, findings);
    const counts = { ...verdict.counts, ...testified, registryRows };
    return report(file, key, { counts, uncovered, sinks: sinks.map(({ from }) => from), restores }, findings);
  } finally {
    trail.close();
  }
}

/** By a schema that is not Keyward's the rows may be another table's, so nothing else is read. */
function refusedSchema(
  { configFile, auditKey }: VerifyOptions,
  file: string,
  foreign: readonly string[],
  findings: Findings,
): VerifyReport {
  findings.add('database', 'refused', 'schema', `${foreign.join('; ')}: nothing else was checked`);
  const counts = {
    checkpoints: null,
    events: null,
    groups: null,
    ...NONE_TESTIFIED,
    registryRows: null,
  };
  const auditKid = auditKey ?? loadConfig(configFile).hsm.audit_key ?? '';
  return {
    source: file,
    auditKid,
    counts,
    uncovered: null,
    sinks: [],
    restores: [],
    findings: findings.all(),
  };
}

function report(
  source: string,
  { kid }: AuditPublicKey,
  verified: Pick<VerifyReport, 'counts' | 'uncovered' | 'sinks' | 'restores'>,
  findings: Findings,
): VerifyReport {
  return { source, auditKid: kid, ...verified, findings: findings.all() };
}

/** Of the sinks that can be read back. */
function sinkFiles(config: Config | undefined): string[] {
  return (config?.audit.sinks ?? []).flatMap((sink) => (sink.type === 'file' ? [sink.file] : []));
}

/** Without a configuration, what is named on the command line has to do. */
function configOf({ configFile, database, auditKey }: VerifyOptions): Config | undefined {
  const isNeeded = database === undefined || auditKey === undefined;
  return isNeeded || existsSync(configFile) ? loadConfig(configFile) : undefined;
}
