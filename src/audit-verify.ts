import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
    readonly registryRows: number | null;
  };
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
    const { counts } = await verifyTrail(source, key, savedIn(options.saved), findings);
    return report(options.file, key, { ...counts, securityEvents: null, registryRows: null }, findings);
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
    checkBesideChains(trail, findings);
    const securityEvents = checkSecurityEvents(trail, findings);
    const registryRows = await checkRegistry(file, config?.hsm.registry_key, verdict.registry, findings);
    return report(file, key, { ...verdict.counts, securityEvents, registryRows }, findings);
  } finally {
    trail.close();
  }
}

function report(
  source: string,
  { kid }: AuditPublicKey,
  counts: VerifyReport['counts'],
  findings: Findings,
): VerifyReport {
  return { source, auditKid: kid, counts, findings: findings.all() };
}

/** Without a configuration, what is named on the command line has to do. */
function configOf({ configFile, database, auditKey }: VerifyOptions): Config | undefined {
  const isNeeded = database === undefined || auditKey === undefined;
  return isNeeded || existsSync(configFile) ? loadConfig(configFile) : undefined;
}
