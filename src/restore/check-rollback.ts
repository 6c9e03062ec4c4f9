import type { Logger } from 'pino';
import type { WitnessedTrail } from '../audit/find-unwitnessed.ts';
import type { Trail } from '../audit/index.ts';
import { isOlderCopy, type MissingRange, readMissingRange } from '../audit/missing-range.ts';
import { refuseRollback, type SinkCheckpoint } from '../audit/refuse-rollback.ts';
import { certifyRun, repairRuns } from '../audit/repair-runs.ts';
import { databaseCheckpoint, newestTime, readSinkCheckpoints } from '../audit/sink-checkpoints.ts';
import type { Sinks } from '../audit/sinks.ts';
import {
  recordUnwitnessed,
  requireRegistryOf,
  type SealedCheckpoint,
  sealedCheckpoint,
  walkTrail,
} from '../audit/start-trail.ts';
import type { ClockWatch } from '../clock/clock-watch.ts';
import type { Config } from '../config.ts';
import type { AcknowledgedEnd } from '../db/mark-file.ts';
import type { Store } from '../db/open-store.ts';
import { openAuditKey } from '../hsm/service-keys.ts';
import type { AuditLog } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { isEndAcknowledged } from '../kernel/record-gap.ts';
import type { Signer } from '../kernel/signer.ts';
import { createRegistrySeal, type OpenedKey } from '../keys/registry-key.ts';
import type { PassedSockets } from '../server/passed-sockets.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import { missingFrom } from './missing-from.ts';
import type { RecordGapStore } from './record-gaps.ts';
import { recordUnprovenEnd } from './unproven-ends.ts';

export interface RollbackCheckDeps extends Trail {
  readonly config: Config;
  readonly sinks: Sinks;
  readonly store: Store;
  readonly recordGaps: RecordGapStore;
  readonly signer: Pick<Signer, 'sign' | 'sealed'>;
  readonly registryKey: OpenedKey;
  readonly clock: Clock;
  readonly clockWatch: ClockWatch;
  readonly log: Logger;
  /** Settles when the service is to end. */
  readonly stopping: Promise<unknown>;
  readonly passed: PassedSockets;
  /** Whether other fronts have the database as well. */
  readonly leadership: { readonly isJoining: boolean };
  /** Tries PINs that people have had tried again, by what the trail says once it counts. */
  readonly retryPins: () => Promise<void>;
}

/** `whole`: nothing is missing, or two persons knew before. */
type Passage = 'whole' | 'accepted' | 'stopped';

/**
 * Holds the database against what the sinks, and itself, have seen. One that is an older copy of what a sink holds
 * waits here until two persons accept what is lost. `database_restored` for one that was rewritten, or whose lost
 * stretch no sink has.
 */
export async function checkRollback(deps: RollbackCheckDeps): Promise<Passage> {
  const { config, store, audit, recordGaps, signer, log } = deps;
  const auditKey = openAuditKey(config, await store.registry.serviceKey('audit'), signer);
  const sinkCheckpoints = await readSinkCheckpoints(deps);
  const latest = await audit.lastCheckpoint();
  const sealed = await sealedCheckpoint(deps, latest, auditKey);
  const own = databaseCheckpoint(latest);
  const host = hostCheckpoint(store.mark.found);
  const all = [...sinkCheckpoints, sealed.witness, own, ...host];
  const first = await rollbackFoundBy(() => refuseRollback(audit, all, auditKey, []));
  const trail = await walkTrail(deps, [...sinkCheckpoints, sealed.witness], auditKey).catch(
    (error: unknown) => {
      throw first ?? error;
    },
  );
  const whole = async () => {
    await requireRegistryOf(deps, trail);
    if (deps.leadership.isJoining) await beginBeside(deps, trail, auditKey);
    await recordUnwitnessed(deps, trail);
    await recordUnprovenEnd(deps, await newestTime(all, auditKey));
    return 'whole' as const;
  };
  if (!first) return await whole();

  const { refused } = await store.openRegistry({
    seal: createRegistrySeal(deps.registryKey, signer),
  });
  for (const row of refused) log.fatal(row, 'registry row refused and not used');
  const behind = await rollbackFoundBy(() => refuseRollback(audit, all, auditKey, recordGaps.list()));
  if (!behind) return await whole();

  await refuseRollback(audit, [own], auditKey, recordGaps.list());
  const { found } = store.mark;
  const acknowledged = found && !isEndAcknowledged(recordGaps.list(), found) ? found : undefined;
  const missingRange = await longestMissingRange(deps, sinkCheckpoints, auditKey, behind, {
    sealed,
    ledger: acknowledged,
  });
  log.fatal(
    { event: 'database.restored', ...told(missingRange) },
    `${behind.message} Nothing is issued or verified until two operators accept what is lost.`,
  );
  const isMissing = acknowledged && acknowledged.sequence > (await audit.heads()).ledger.sequence;
  // With planes of its own, which commands that read a database are spared.
  const { waitForAcceptance } = await import('./recovery-mode.ts');
  const decided = await waitForAcceptance({
    ...deps,
    auditKey,
    sinkCheckpoints,
    missingRange,
    acknowledged,
    issuedFrom: await missingFrom(store.reader, {
      now: deps.clock.nowSeconds(),
      checkpointAt: await newestTime([own], auditKey),
      missingAt: isMissing ? acknowledged.at : undefined,
    }),
  });
  if (decided === 'accepted') {
    await refuseRollback(audit, all, auditKey, recordGaps.list());
    await repairRuns(deps.runs, auditKey, { isLossAccepted: true });
    // What the sink has follows from the end of the copy, and so stands for it.
    await deps.unwitnessed.load(undefined);
  }
  return decided;
}

/**
 * Beside other fronts: none of them goes on behind an event whose run is not certified, and neither does this one.
 * `database_in_use` where one of them is not certified yet; fails as `Signer.sign`.
 */
async function beginBeside(
  { runs, clock, retryPins }: RollbackCheckDeps,
  { unwitnessed }: WitnessedTrail,
  auditKey: OpenedKey,
): Promise<void> {
  if (unwitnessed) {
    throw new KeywardError(
      'database_in_use',
      `nothing vouches for audit events ${unwitnessed.from} to ${unwitnessed.to}: either a front that began without ` +
        'the HSM has yet to have its run certified, or somebody else wrote them; see the log of the other fronts',
    );
  }
  await retryPins();
  await certifyRun({ runs, auditKey, clock });
}

/** What `refuseRollback` finds, where that is a database that is behind. */
export async function rollbackFoundBy(look: () => Promise<void>): Promise<KeywardError | undefined> {
  try {
    await look();
    return undefined;
  } catch (error) {
    if (error instanceof KeywardError && error.code === 'database_restored') return error;
    throw error;
  }
}

/** Every sink that has more must tell the same; the one that has the most is followed. */
export async function longestMissingRange(
  { sinks, audit }: Pick<RollbackCheckDeps, 'sinks' | 'audit'>,
  sinkCheckpoints: readonly SinkCheckpoint[],
  auditKey: AuditPublicKey,
  behind: KeywardError,
  witnesses: OtherWitnesses = {},
): Promise<MissingRange> {
  await refuseOtherBranch(audit, auditKey, behind, witnesses);
  const { sealed } = witnesses;
  let longest: MissingRange | undefined;
  for (const sink of sinks.all) {
    const history = sink.failing ? undefined : sink.history();
    if (!history || !sinkCheckpoints.some(({ name }) => name === sink.name)) continue;
    const missingRange = await readMissingRange(audit, history, auditKey);
    if ('unfit' in missingRange) throw unfit(behind, `${sink.name}: ${missingRange.unfit}`);
    if (!longest || reach(missingRange) > reach(longest)) longest = missingRange;
  }
  if (longest && reach(longest) > 0) return { ...longest, sealed: beyond(longest, sealed) };
  return unseenMissingRange(audit, auditKey, behind, witnesses);
}

/** Who has seen that something was there, and not what. */
interface OtherWitnesses {
  readonly sealed?: SealedCheckpoint | undefined;
  /** The end that this host acknowledged. */
  readonly ledger?: AcknowledgedEnd | undefined;
}

/** Only an older copy can be accepted: a database that has something else was rewritten, or went on elsewhere. */
async function refuseOtherBranch(
  log: AuditLog,
  auditKey: AuditPublicKey,
  behind: KeywardError,
  { sealed, ledger }: OtherWitnesses,
): Promise<void> {
  if (sealed?.checkpoint && !(await isOlderCopy(log, sealed.checkpoint, auditKey))) {
    throw unfit(behind, 'the database has something else than the signer saw');
  }
  if (!ledger || ledger.sequence === 0) return;
  const { sequence, hash } = ledger;
  const found = await log.hashAt('ledger', sequence);
  if (found && Buffer.compare(found, hash) !== 0) {
    throw unfit(behind, `the database has another group ${sequence} than this host acknowledged`);
  }
}

/** What the signer or this host alone has seen: nobody can tell what it was, and two persons may accept that. */
async function unseenMissingRange(
  log: AuditLog,
  auditKey: AuditPublicKey,
  behind: KeywardError,
  { sealed, ledger }: OtherWitnesses,
): Promise<MissingRange> {
  const missingRange = await readMissingRange(log, [], auditKey);
  if ('unfit' in missingRange) throw unfit(behind, missingRange.unfit);
  const heads = await log.heads();
  const lost = beyond(missingRange, sealed);
  const isBehind =
    heads.registry.sequence < (sealed?.witness.registry ?? 0) ||
    heads.ledger.sequence < (ledger?.sequence ?? 0);
  if (!lost && !isBehind) throw unfit(behind, 'nobody who can be read has what is missing');
  return { ...missingRange, sealed: lost };
}

function hostCheckpoint(found: AcknowledgedEnd | undefined): SinkCheckpoint[] {
  if (!found || found.sequence === 0) return [];
  return [{ name: 'this host', tail: { event: undefined, checkpoint: undefined }, ledger: found }];
}

function beyond({ from, checkpoints }: MissingRange, sealed: SealedCheckpoint | undefined) {
  const known = from.checkpoint + checkpoints.length;
  return sealed?.checkpoint && sealed.checkpoint.number > known ? sealed.checkpoint : undefined;
}

function reach({ events, checkpoints }: MissingRange): number {
  return events.length + checkpoints.length;
}

function unfit(behind: KeywardError, why: string): KeywardError {
  return new KeywardError('database_restored', `${behind.message} It cannot be accepted as it is: ${why}.`);
}

function told({ from, events, checkpoints }: MissingRange) {
  return {
    database_ends_at: from.audit.sequence,
    events_missing: events.length,
    checkpoints_missing: checkpoints.length,
    from: events.at(0)?.time ?? checkpoints.at(0)?.time,
    until: Math.max(events.at(-1)?.time ?? 0, checkpoints.at(-1)?.time ?? 0),
  };
}
