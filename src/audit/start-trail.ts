import type { Logger } from 'pino';
import type { Store } from '../db/open-store.ts';
import type { AuditLog } from '../kernel/audit.ts';
import {
  AUDIT_GENESIS,
  type ChainHead,
  type Checkpoint,
  type StoredCheckpoint,
} from '../kernel/audit-chain.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { RegistryMark } from '../kernel/record-gap.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import type { SealedStatements, Signer } from '../kernel/signer.ts';
import { type AuditPublicKey, auditKeysSince, readCheckpoint } from '../token/checkpoint.ts';
import { headFollowedIn } from '../token/registry-statement.ts';
import { certifiedRun, certifiedRuns } from '../token/run-certificate.ts';
import { findUnwitnessed, type WitnessedTrail } from './find-unwitnessed.ts';
import type { SinkCheckpoint } from './refuse-rollback.ts';
import { repairRuns } from './repair-runs.ts';
import { signerCheckpoint } from './sealed-beyond.ts';
import type { Trail, UnwitnessedTrail } from './trail.ts';
import { hasEvent } from './trail-check.ts';

interface TrailDeps extends Trail {
  readonly store: Pick<Store, 'trustEvents' | 'judgeRuns'>;
  /** Default: nobody is told. */
  readonly log?: Pick<Logger, 'fatal'>;
}

/**
 * Finds what of the trail nothing but the database vouches for, and has every reader pass it over.
 * `audit_trail_refused` where the trail does not hold.
 */
export async function walkTrail(
  { store, audit, runs, unwitnessed }: TrailDeps,
  sinkCheckpoints: readonly SinkCheckpoint[],
  auditKey: AuditPublicKey,
): Promise<WitnessedTrail> {
  await repairRuns(runs, auditKey);
  const latest = await audit.lastCheckpoint();
  const checkpoint = latest && (await readCheckpoint(latest.jws, auditKey));
  const from = checkpoint?.heads.audit ?? AUDIT_GENESIS;
  const sinkReach = await reachOf(sinkCheckpoints, audit, auditKey);
  // A former audit key certifies nothing once its successor has taken a checkpoint.
  const keys = auditKeysSince(auditKey, checkpoint?.number ?? 0);
  const trail = await findUnwitnessed({ log: audit, runs, auditKey: keys, from, sinkReach });
  const counted = await certifiedRuns(await runs.all(), auditKey, checkpoint);
  await store.trustEvents({ runs: counted, reach: trail.reach });
  store.judgeRuns((run) => certifiedRun(run, auditKey, checkpoint));
  await unwitnessed.load(trail.unwitnessed);
  const recordedRegistry = trail.recordedRegistry ?? (checkpoint && markOf(checkpoint.heads.registry));
  return { ...trail, recordedRegistry };
}

/** The last event that a sink holds as well, or has a checkpoint of. */
async function reachOf(
  sinkCheckpoints: readonly SinkCheckpoint[],
  audit: AuditLog,
  auditKey: AuditPublicKey,
): Promise<number> {
  let reach = 0;
  for (const { tail } of sinkCheckpoints) {
    const checkpoint = tail.checkpoint && (await readCheckpoint(tail.checkpoint.jws, auditKey));
    for (const head of [tail.event, checkpoint?.heads.audit]) {
      if (head && (await hasEvent(audit, head))) reach = Math.max(reach, head.sequence);
    }
  }
  return reach;
}

/**
 * The registry must stand where the last change that the trail tells of left it. `database_restored` for older
 * tables of the registry, and for a trail whose end is missing.
 */
export async function requireRegistryOf(
  { audit }: Pick<Trail, 'audit'>,
  { registry, recordedRegistry }: WitnessedTrail,
): Promise<void> {
  const { registry: head } = await audit.heads();
  const found = markOf(head);
  if (registry && isOlder(found, registry))
    throw restored(found, `the audit trail tells of ${registry.version}`);
  if (recordedRegistry && found.version > recordedRegistry.version) {
    throw restored(found, `the audit trail ends at ${recordedRegistry.version}`);
  }
}

function markOf({ sequence, hash }: ChainHead): RegistryMark {
  return { version: sequence, sha256: Buffer.from(hash).toString('base64url') };
}

function isOlder(found: RegistryMark, told: RegistryMark): boolean {
  return found.version < told.version || (found.version === told.version && found.sha256 !== told.sha256);
}

function restored({ version }: RegistryMark, why: string): KeywardError {
  return new KeywardError(
    'database_restored',
    `The registry stands at change ${version}, but ${why}: some tables were put back from an older copy. Put the ` +
      'newer database back, as docs/runbooks/restored-database.md says.',
  );
}

/** Writes down, before anything else is appended, what of the trail is unwitnessed, and says so in the log. */
export async function recordUnwitnessed(
  { unwitnessed, log }: Pick<TrailDeps, 'unwitnessed' | 'log'>,
  { unwitnessed: range, isRecorded }: WitnessedTrail,
): Promise<void> {
  if (!range || isRecorded) return;
  await unwitnessed.record(range);
  log?.fatal(
    { event: 'audit.unwitnessed', ...range },
    'events of the audit trail that nothing vouches for: they count for nothing until two persons confirm them',
  );
}

export function raiseUnwitnessed(unwitnessed: UnwitnessedTrail, events: EventRaiser): void {
  for (const { from, to, hash } of unwitnessed.list()) {
    const place = from === to ? `event ${from}` : `events ${from} to ${to}`;
    const why = `no checkpoint, no audit sink and no seal of a run stands for them; the last one's hash is ${hash}`;
    events.raise(securityEvent('audit.unwitnessed', { place, why }));
  }
}

/** What the signer saw of the database when it last sealed a checkpoint, and a head of the registry. */
export interface SealedCheckpoint {
  readonly witness: SinkCheckpoint;
  readonly checkpoint: StoredCheckpoint | undefined;
}

/** One more witness beside the sinks. With the HSM away it tells nothing, and the sinks alone do. */
export async function sealedCheckpoint(
  { signer, log }: { readonly signer: Pick<Signer, 'sealed'>; readonly log: Logger },
  latest: StoredCheckpoint | undefined,
  auditKey: AuditPublicKey,
): Promise<SealedCheckpoint> {
  const { checkpoint: jws, head } = await lastSealed(signer, latest, log);
  const read = jws === null ? undefined : await readCheckpoint(jws, auditKey);
  const checkpoint = read && jws !== null ? stored(read, jws) : undefined;
  const registry = head === null ? 0 : headFollowedIn(head);
  return { witness: { ...signerCheckpoint(checkpoint), registry }, checkpoint };
}

function stored({ number, time, heads }: Checkpoint, jws: string): StoredCheckpoint {
  return { number, time, auditSequence: heads.audit.sequence, jws };
}

async function lastSealed(
  signer: Pick<Signer, 'sealed'>,
  latest: StoredCheckpoint | undefined,
  log: Logger,
): Promise<SealedStatements> {
  try {
    return await signer.sealed({ checkpoint: latest?.jws ?? null, head: null });
  } catch (err) {
    log.error(
      { err },
      'the signer cannot be asked what it sealed: only the audit sinks tell whether the database is older',
    );
    return { checkpoint: null, head: null };
  }
}
