import { camelCased } from '../db/camel-case.ts';
import { caseLog } from '../db/case-log.ts';
import { openReader } from '../db/open-engine.ts';
import { revocationTable } from '../db/revocation-table.ts';
import type { TestifiedName } from '../db/schema.ts';
import { readStored, registryHead } from '../db/signed/read-stored.ts';
import { TrustedRegistry } from '../db/signed/trusted-registry.ts';
import { verifyStored } from '../db/signed/verify-stored.ts';
import {
  archiveEvents,
  archivesOf,
  brokenSegments,
  endsOfUse,
  erasedRecords,
  groupsOf,
  strayRecord,
} from '../db/stored-ledger.ts';
import type { StoredTrail } from '../db/stored-trail.ts';
import { verifyTestified } from '../db/testified.ts';
import type { TestifiedTable } from '../db/testified-table.ts';
import { lendRecordedRanges } from '../db/unwitnessed.ts';
import { securityEventTable } from '../events/index.ts';
import type { Findings } from '../kernel/audit.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { LedgerGroup } from '../kernel/ledger-chain.ts';
import { isLostIn, type RecordGap } from '../kernel/record-gap.ts';
import { createRegistryVerifier } from '../keys/registry-key.ts';
import { reportTable } from '../reports/index.ts';
import { gapsIn } from '../restore/index.ts';
import { importPublicKey, thumbprint } from '../token/public-jwk.ts';
import { refuseUnsigned } from './accepted-restores.ts';
import type { SourceCheckpoint, TrailSource } from './trail-source.ts';
import { jwkIn, jwksIn } from './trust.ts';
import { verifyArchives } from './verify-archives.ts';
import type { TrailVerdict } from './verify-trail.ts';

/** Without the rows of groups that are verified. */
export function databaseSource(trail: StoredTrail, isVerified: (group: LedgerGroup) => boolean): TrailSource {
  return {
    auditKeys: () => jwksIn(trail.auditKeyJson()),
    checkpoints: () => checkpointsOf(trail),
    events: () => trail.events(),
    groups: function* () {
      for (const { group, rows } of groupsOf(trail, isVerified)) yield { group, rows, hashes: null };
    },
  };
}

function* checkpointsOf(trail: StoredTrail): Generator<SourceCheckpoint> {
  for (const { number, jws, audit_sequence: auditSequence, created_at: time } of trail.table(
    'checkpoints',
    'number',
  )) {
    yield { number, jws, columns: { auditSequence, time } };
  }
}

export function checkBesideChains(trail: StoredTrail, gaps: readonly RecordGap[], findings: Findings): void {
  const stray = strayRecord(trail);
  if (stray !== undefined) findings.add('ledger', 'bad_row', `record ${stray}`, 'it lies in no group');
  const told = archiveEvents(trail).filter(({ sequence }) => !isLostIn(gaps, sequence));
  const ends = endsOfUse(trail);
  verifyArchives(archivesOf(trail).map(camelCased), told, (kid) => ends.get(kid), findings);
  for (const segment of brokenSegments(trail)) {
    findings.add('ledger', 'unreadable', `segment ${segment}`, 'it is not the file that was sealed');
  }
}

/** Whoever writes to the database can erase; the trail tells how much was erased by those who may. */
export function checkErasures(trail: StoredTrail, findings: Findings): void {
  const { erased, told } = erasedRecords(trail);
  if (erased <= told) return;
  const detail = `the personal values of records: ${erased} are gone; the trail tells of ${told} erased`;
  findings.add('audit', 'truncated', 'erasures', detail);
}

/** The testified tables of all capabilities whose rows are told; beside them stands `caseLog`. */
const TESTIFIED = {
  revocations: revocationTable,
  securityEvents: securityEventTable,
  reports: reportTable,
} as const;

export type TestifiedCounts = Readonly<Record<keyof typeof TESTIFIED, number | null>>;

/** Where nothing but the trail was checked. */
export const NONE_TESTIFIED = countEach(() => null);

function countEach(count: (table: TestifiedTable<TestifiedName>) => number | null): TestifiedCounts {
  const counts = Object.entries(TESTIFIED).map(([name, table]) => [name, count(table)]);
  return Object.fromEntries(counts);
}

/** Rows and the audit events that testify to them; answers how many rows each table has. */
export function checkTestified(
  trail: StoredTrail,
  gaps: readonly RecordGap[],
  findings: Findings,
): TestifiedCounts {
  // What of a gap stands beside the audit trail was lost with it.
  const isLost = (sequence: number) => isLostIn(gaps, sequence);
  verifyTestified(caseLog, trail, isLost, findings);
  return countEach((table) => verifyTestified(table, trail, isLost, findings));
}

/** Null where no configuration says which registry key to believe. */
export async function checkRegistry(
  file: string,
  kid: string | undefined,
  { registry: expectations, restores }: Pick<TrailVerdict, 'registry' | 'restores'>,
  findings: Findings,
): Promise<number | null> {
  const reader = await openReader({ file });
  try {
    const { stored, head, row } = await reader.read(async (trx) => {
      await lendRecordedRanges(trx);
      return {
        stored: await readStored(trx),
        head: await registryHead(trx),
        row: await trx
          .selectFrom('service_keys')
          .selectAll()
          .where('role', '=', 'registry')
          .executeTakeFirst(),
      };
    });
    expectations.check(head.sequence, head.hash);
    expectations.finish(head.sequence);
    if (kid === undefined) return null;
    const jwk = jwkIn(row?.public_jwk_json);
    if (!jwk || thumbprint(jwk) !== kid) {
      const detail = 'the registry key is not the one that hsm.registry_key names';
      findings.add('registry', 'bad_row', 'service_keys registry', detail);
      return 0;
    }
    const verified = await verifyStored(
      stored,
      createRegistryVerifier({ kid, publicKey: importPublicKey(jwk) }),
    );
    for (const { table, id, why } of verified.refused)
      findings.add('registry', 'bad_row', `${table} ${id}`, why);
    refuseUnsigned(restores, gapsIn(TrustedRegistry.from(verified)), findings);
    return verified.rows.size;
  } catch (error) {
    if (!(error instanceof KeywardError) || error.code !== 'registry_refused') throw error;
    findings.add('registry', 'refused', 'registry head', error.message);
    return 0;
  } finally {
    await reader.close();
  }
}
