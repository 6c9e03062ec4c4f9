import type { Logger } from 'pino';
import { isOlderCopy, type MissingRange, readLostStretch } from '../audit/missing-range.ts';
import { refuseRestored, type SinkCheckpoint } from '../audit/refuse-restored.ts';
import { repairRuns } from '../audit/repair-runs.ts';
import type { Sinks } from '../audit/sinks.ts';
import {
  recordUnwitnessed,
  requireRegistryOf,
  type SealedWitness,
  sealedWitness,
  walkTrail,
} from '../audit/witnessed-trail.ts';
import { ownWitness, witnessesOf } from '../audit/witnesses.ts';
import type { ClockWatch } from '../clock/clock-watch.ts';
import type { Config } from '../config.ts';
import type { Store } from '../db/open-store.ts';
import { openAuditKey } from '../hsm/service-keys.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { Signer } from '../kernel/signer.ts';
import { createRegistrySeal, type OpenedKey } from '../keys/registry-key.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import { waitForAcceptance } from './recovery-mode.ts';

export interface RestoredDatabaseParts {
  readonly config: Config;
  readonly sinks: Sinks;
  readonly store: Store;
  readonly signer: Pick<Signer, 'sign' | 'sealed'>;
  readonly registryKey: OpenedKey;
  readonly clock: Clock;
  readonly clockWatch: ClockWatch;
  readonly log: Logger;
  /** Settles when the service is to end. */
  readonly stopping: Promise<unknown>;
}

/** `whole`: nothing is missing, or two persons knew before. */
export type Passage = 'whole' | 'accepted' | 'stopped';

/**
 * Holds the database against what the sinks, and itself, have seen. One that is an older copy of what a sink holds
 * waits here until two persons accept what is lost. `database_restored` for one that was rewritten, or whose lost
 * stretch no sink has.
 */
export async function checkRollback(parts: RestoredDatabaseParts): Promise<Passage> {
  const { config, store, signer, log } = parts;
  const { audit, registry, recordGaps } = store;
  const auditKey = openAuditKey(config, await registry.serviceKey('audit'), signer);
  const witnesses = await witnessesOf(parts);
  const latest = await audit.lastCheckpoint();
  const sealed = await sealedWitness(parts, latest, auditKey);
  const own = ownWitness(latest);
  const all = [...witnesses, sealed.witness, own];
  const first = await restoredIn(() => refuseRestored(audit, all, auditKey, []));
  const trail = await walkTrail(parts, [...witnesses, sealed.witness], auditKey).catch((error: unknown) => {
    throw first ?? error;
  });
  const whole = async () => {
    await requireRegistryOf(parts, trail);
    await recordUnwitnessed(parts, trail);
    return 'whole' as const;
  };
  if (!first) return await whole();

  const { refused } = await store.openRegistry({
    seal: createRegistrySeal(parts.registryKey, signer),
  });
  for (const row of refused) log.fatal(row, 'registry row refused and not used');
  const behind = await restoredIn(() => refuseRestored(audit, all, auditKey, recordGaps.list()));
  if (!behind) return await whole();

  await refuseRestored(audit, [own], auditKey, recordGaps.list());
  const stretch = await longestStretch(parts, witnesses, auditKey, behind, sealed);
  log.fatal(
    { event: 'database.restored', ...told(stretch) },
    `${behind.message} Nothing is issued or verified until two operators accept what is lost.`,
  );
  const decided = await waitForAcceptance({ ...parts, auditKey, witnesses, stretch });
  if (decided === 'accepted') {
    await refuseRestored(audit, all, auditKey, recordGaps.list());
    await repairRuns(store.runs, auditKey, { isLossAccepted: true });
    // What the sink has follows from the end of the copy, and so stands for it.
    await store.unwitnessed.load(undefined);
  }
  return decided;
}

/** What `refuseRestored` finds, where that is a database that is behind. */
export async function restoredIn(look: () => Promise<void>): Promise<KeywardError | undefined> {
  try {
    await look();
    return undefined;
  } catch (error) {
    if (error instanceof KeywardError && error.code === 'database_restored') return error;
    throw error;
  }
}

/** Every sink that has more must tell the same; the one that has the most is followed. */
export async function longestStretch(
  { sinks, store: { audit } }: Pick<RestoredDatabaseParts, 'sinks' | 'store'>,
  witnesses: readonly SinkCheckpoint[],
  auditKey: AuditPublicKey,
  behind: KeywardError,
  sealed?: SealedWitness,
): Promise<MissingRange> {
  let longest: MissingRange | undefined;
  for (const sink of sinks.all) {
    const history = sink.failing ? undefined : sink.history();
    if (!history || !witnesses.some(({ name }) => name === sink.name)) continue;
    const stretch = await readLostStretch(audit, history, auditKey);
    if ('unfit' in stretch) throw unfit(behind, `${sink.name}: ${stretch.unfit}`);
    if (!longest || reach(stretch) > reach(longest)) longest = stretch;
  }
  if (longest && reach(longest) > 0) return { ...longest, sealed: beyond(longest, sealed) };
  return sealedStretch(audit, auditKey, behind, sealed);
}

/**
 * What the signer alone has seen: nobody can tell what it was, and two persons may accept that. Only of an older copy:
 * a database that says otherwise than the signer was rewritten.
 */
async function sealedStretch(
  log: Store['audit'],
  auditKey: AuditPublicKey,
  behind: KeywardError,
  sealed: SealedWitness | undefined,
): Promise<MissingRange> {
  const nothing = 'no audit sink that can be read has what is missing';
  if (!sealed) throw unfit(behind, nothing);
  const stretch = await readLostStretch(log, [], auditKey);
  if ('unfit' in stretch) throw unfit(behind, stretch.unfit);
  const { checkpoint, witness } = sealed;
  const heads = await log.heads();
  const lost = beyond(stretch, sealed);
  if (!lost && (witness.registry ?? 0) <= heads.registry.sequence) throw unfit(behind, nothing);
  if (checkpoint && !(await isOlderCopy(log, checkpoint, auditKey))) {
    throw unfit(behind, 'the database has something else than the signer saw');
  }
  return { ...stretch, sealed: lost };
}

function beyond({ from, checkpoints }: MissingRange, sealed: SealedWitness | undefined) {
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
