import { camelCased } from '../db/camel-case.ts';
import { ownSchema } from '../db/own-schema.ts';
import { Reader } from '../db/reader.ts';
import { readStored, registryHead } from '../db/signed/read-stored.ts';
import { TrustedRegistry } from '../db/signed/trusted-registry.ts';
import { verifyStored } from '../db/signed/verify-stored.ts';
import { erasuresIn } from '../db/stored-erasures.ts';
import {
  archiveEvents,
  archivesOf,
  brokenSegments,
  endsOfUse,
  groupsOf,
  strayRecord,
} from '../db/stored-ledger.ts';
import type { StoredTrail } from '../db/stored-trail.ts';
import { lendRecordedRanges } from '../db/unwitnessed.ts';
import { chainedRevocation } from '../db/walk-chains.ts';
import type { Findings } from '../kernel/audit.ts';
import { KeywardError } from '../kernel/errors.ts';
import { SECURITY_EVENT_RAISED, STEP_TESTIMONIES, type StoredStep } from '../kernel/event-chain.ts';
import { commitmentTo, SALT_BYTES } from '../kernel/ledger-chain.ts';
import type { RecordGap } from '../kernel/record-gap.ts';
import { createRegistryVerifier } from '../keys/registry-key.ts';
import { gapsIn } from '../restore/index.ts';
import { importPublicKey, thumbprint } from '../token/public-jwk.ts';
import { refuseUnsigned } from './accepted-restores.ts';
import type { SourceCheckpoint, SourceRevocation, TrailSource } from './trail-source.ts';
import { jwkIn, jwksIn } from './trust.ts';
import { verifyArchives } from './verify-archives.ts';
import { verifyEventSteps } from './verify-event-steps.ts';
import { verifyRevocationEvents, verifySecurityEvents } from './verify-security-events.ts';
import type { TrailVerdict } from './verify-trail.ts';

const NO_SALT = new Uint8Array(SALT_BYTES);

export function databaseSource(trail: StoredTrail): TrailSource {
  return {
    auditKeys: () => jwksIn(trail.auditKeyJson()),
    checkpoints: () => checkpointsOf(trail),
    events: () => trail.events(),
    groups: function* () {
      for (const { group, rows } of groupsOf(trail)) yield { group, rows, hashes: null };
    },
    revocations: () => revocationsOf(trail),
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

function* revocationsOf(trail: StoredTrail): Generator<SourceRevocation> {
  for (const row of trail.table('revocations', 'sequence')) {
    const commitment = commitmentTo('root', row.root_salt ?? NO_SALT, row.root);
    const isKept = commitment.equals(row.root_commitment) && (row.root === null) === (row.root_salt === null);
    yield {
      hash: row.hash,
      revocation: chainedRevocation(row),
      ...(isKept ? {} : { flaw: 'its root event is not the one it was made with' }),
    };
  }
}

/** What of a gap stands beside the audit trail was lost with it. */
export function isLost(gaps: readonly RecordGap[], sequence: number): boolean {
  return gaps.some(({ firstEvent, lastEvent }) => firstEvent <= sequence && sequence <= lastEvent);
}

export function checkBesideChains(trail: StoredTrail, gaps: readonly RecordGap[], findings: Findings): void {
  const stray = strayRecord(trail);
  if (stray !== undefined) findings.add('ledger', 'bad_row', `record ${stray}`, 'it lies in no group');
  const told = archiveEvents(trail).filter(({ sequence }) => !isLost(gaps, sequence));
  const ends = endsOfUse(trail);
  verifyArchives(archivesOf(trail).map(camelCased), told, (kid) => ends.get(kid), findings);
  for (const segment of brokenSegments(trail)) {
    findings.add('ledger', 'unreadable', `segment ${segment}`, 'it is not the file that was sealed');
  }
}

/** What a restore lost was made again under other numbers. */
export function checkRevocationEvents(
  trail: StoredTrail,
  gaps: readonly RecordGap[],
  findings: Findings,
): void {
  const told = trail.revocationEvents().filter(({ sequence }) => !isLost(gaps, sequence));
  verifyRevocationEvents(trail.table('revocations', 'sequence'), told, findings);
}

/** Whoever writes to the database can erase; the trail tells how much was erased by those who may. */
export function checkErasures(trail: StoredTrail, findings: Findings): void {
  for (const { what, erased, told } of erasuresIn(trail)) {
    if (erased <= told) continue;
    const detail = `${what}: ${erased} are gone; the trail tells of ${told} erased`;
    findings.add('audit', 'truncated', 'erasures', detail);
  }
}

export function checkSecurityEvents(
  trail: StoredTrail,
  gaps: readonly RecordGap[],
  findings: Findings,
): number {
  const auditRecordAt = (sequence: number) => trail.event(sequence);
  const requireRows = (type: string, table: 'security_events' | 'security_event_steps') => {
    const orphan = trail.orphanedAuditRecords(type, table).find((sequence) => !isLost(gaps, sequence));
    if (orphan !== undefined) findings.add('security_events', 'gap', `event ${orphan}`, TESTIFIED_TO[table]);
  };
  requireRows(SECURITY_EVENT_RAISED, 'security_events');
  for (const type of Object.values(STEP_TESTIMONIES)) requireRows(type, 'security_event_steps');
  verifyEventSteps(stepsOf(trail), auditRecordAt, findings);
  return verifySecurityEvents(securityEventsOf(trail), auditRecordAt, findings);
}

const TESTIFIED_TO = {
  security_events: 'the security event that it testifies to is gone',
  security_event_steps: 'what it says was done about a security event is gone',
} as const;

function* stepsOf(trail: StoredTrail): Generator<StoredStep> {
  for (const row of trail.table('security_event_steps', 'sequence')) {
    const { takenBy: by, takenAt: at, ...step } = camelCased(row);
    yield { ...step, by, at };
  }
}

function* securityEventsOf(trail: StoredTrail) {
  for (const row of trail.table('security_events', 'sequence')) yield camelCased(row);
}

/** Null where no configuration says which registry key to believe. */
export async function checkRegistry(
  file: string,
  kid: string | undefined,
  { registry: expectations, restores }: Pick<TrailVerdict, 'registry' | 'restores'>,
  findings: Findings,
): Promise<number | null> {
  const reader = new Reader(file, await ownSchema());
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
    reader.close();
  }
}
