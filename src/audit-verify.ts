import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AcceptedRestore } from './audit/verify/accepted-restores.ts';
import { fileSource } from './audit/verify/file-source.ts';
import { type Finding, Findings } from './audit/verify/finding.ts';
import { type TrailCounts, verifyTrail } from './audit/verify/verify-trail.ts';
import { type Belief, believedKey, jwkIn } from './audit-key-believed.ts';
import { savedIn } from './audit-saved.ts';
import {
  checkBesideChains,
  checkRegistry,
  checkSecurityEvents,
  databaseSource,
} from './audit-verify-database.ts';
import { checkReports } from './audit-verify-reports.ts';
import { type Config, loadConfig } from './config.ts';
import { StoredTrail } from './store/stored-trail.ts';
import type { AuditPublicKey } from './token/checkpoint.ts';

export interface VerifyOptions extends Belief {
  /** Instead of the configuration's database. */
  readonly database?: string | undefined;
  /** An export or a sink's file, instead of a database. */
  readonly file?: string | undefined;
  /** Files with checkpoints that somebody kept. */
  readonly saved: readonly string[];
}

export interface VerifyReport {
  readonly source: string;
  readonly auditKid: string;
  readonly counts: TrailCounts & {
    readonly securityEvents: number | null;
    readonly reports: number | null;
    readonly registryRows: number | null;
  };
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
    const key = believedKey(options, source.auditKey());
    const { counts, restores } = await verifyTrail(source, key, savedIn(options.saved), findings);
    const whole = { ...counts, securityEvents: null, reports: null, registryRows: null };
    return report(options.file, key, { counts: whole, restores }, findings);
  }
  return verifyDatabase(options, findings);
}

async function verifyDatabase(options: VerifyOptions, findings: Findings): Promise<VerifyReport> {
  const config = configOf(options);
  const file = options.database ?? config?.database.file ?? '';
  const archiveDir =
    options.database === undefined && config
      ? config.ledger.archive_dir
      : join(dirname(file), 'ledger-archive');
  const trail = new StoredTrail(file, archiveDir);
  try {
    const key = believedKey(options, jwkIn(trail.auditKeyJson()));
    const verdict = await verifyTrail(databaseSource(trail), key, savedIn(options.saved), findings);
    const { restores } = verdict;
    const gaps = restores.map(({ gap }) => gap);
    checkBesideChains(trail, gaps, findings);
    const securityEvents = checkSecurityEvents(trail, gaps, findings);
    const reports = checkReports(trail, gaps, findings);
    const registryRows = await checkRegistry(file, config?.hsm.registry_key, verdict, findings);
    const counts = { ...verdict.counts, securityEvents, reports, registryRows };
    return report(file, key, { counts, restores }, findings);
  } finally {
    trail.close();
  }
}

function report(
  source: string,
  { kid }: AuditPublicKey,
  verified: Pick<VerifyReport, 'counts' | 'restores'>,
  findings: Findings,
): VerifyReport {
  return { source, auditKid: kid, ...verified, findings: findings.all() };
}

/** Without a configuration, what is named on the command line has to do. */
function configOf({ configFile, database, auditKey }: VerifyOptions): Config | undefined {
  const isNeeded = database === undefined || auditKey === undefined;
  return isNeeded || existsSync(configFile) ? loadConfig(configFile) : undefined;
}
