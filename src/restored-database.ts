import type { Logger } from 'pino';
import { type LostStretch, readLostStretch } from './audit/lost-stretch.ts';
import { refuseRestored, type Witness } from './audit/refuse-restored.ts';
import type { Sinks } from './audit/sinks.ts';
import { ownWitness, witnessesOf } from './audit-witnesses.ts';
import type { Config } from './config.ts';
import type { Clock } from './domain/clock.ts';
import { KeywardError } from './domain/errors.ts';
import type { Signer } from './domain/signer.ts';
import { holdUntilAccepted } from './held-service.ts';
import { openServiceKey, type RegistryKey } from './keys/registry-key.ts';
import { createRegistrySeal } from './keys/registry-seal.ts';
import type { Store } from './store/open-store.ts';
import type { AuditPublicKey } from './token/checkpoint.ts';

export interface RestoredDatabaseParts {
  readonly config: Config;
  readonly sinks: Sinks;
  readonly store: Store;
  readonly signer: Pick<Signer, 'sign'>;
  readonly registryKey: RegistryKey;
  readonly clock: Clock;
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
export async function passRestoredDatabase(parts: RestoredDatabaseParts): Promise<Passage> {
  const { config, store, signer, log } = parts;
  const { audit, registry, recordGaps } = store;
  const auditKey = openServiceKey('audit', await registry.serviceKey('audit'), config.hsm.audit_key, signer);
  const witnesses = await witnessesOf(parts);
  const own = ownWitness(await audit.lastCheckpoint());
  const all = [...witnesses, own];
  if (!(await restoredIn(() => refuseRestored(audit, all, auditKey, [])))) return 'whole';

  const { refused } = await store.openRegistry({
    seal: createRegistrySeal(parts.registryKey),
    mayTakeOver: false,
  });
  for (const row of refused) log.fatal(row, 'registry row refused and not used');
  const behind = await restoredIn(() => refuseRestored(audit, all, auditKey, recordGaps.list()));
  if (!behind) return 'whole';

  await refuseRestored(audit, [own], auditKey, recordGaps.list());
  const stretch = await longestStretch(parts, witnesses, auditKey, behind);
  log.fatal(
    { event: 'database.restored', ...told(stretch) },
    `${behind.message} Nothing is issued or verified until two operators accept what is lost.`,
  );
  const decided = await holdUntilAccepted({ ...parts, auditKey, witnesses, stretch });
  if (decided === 'accepted') await refuseRestored(audit, all, auditKey, recordGaps.list());
  return decided;
}

async function restoredIn(look: () => Promise<void>): Promise<KeywardError | undefined> {
  try {
    await look();
    return undefined;
  } catch (error) {
    if (error instanceof KeywardError && error.code === 'database_restored') return error;
    throw error;
  }
}

/** Every sink that has more must tell the same; the one that has the most is followed. */
async function longestStretch(
  { sinks, store: { audit } }: RestoredDatabaseParts,
  witnesses: readonly Witness[],
  auditKey: AuditPublicKey,
  behind: KeywardError,
): Promise<LostStretch> {
  let longest: LostStretch | undefined;
  for (const sink of sinks.all) {
    const history = sink.failing ? undefined : sink.history();
    if (!history || !witnesses.some(({ name }) => name === sink.name)) continue;
    const stretch = await readLostStretch(audit, history, auditKey);
    if ('unfit' in stretch) throw unfit(behind, `${sink.name}: ${stretch.unfit}`);
    if (!longest || reach(stretch) > reach(longest)) longest = stretch;
  }
  if (longest && reach(longest) > 0) return longest;
  throw unfit(behind, 'no audit sink that can be read has what is missing');
}

function reach({ events, checkpoints }: LostStretch): number {
  return events.length + checkpoints.length;
}

function unfit(behind: KeywardError, why: string): KeywardError {
  return new KeywardError('database_restored', `${behind.message} It cannot be accepted as it is: ${why}.`);
}

function told({ from, events, checkpoints }: LostStretch) {
  return {
    database_ends_at: from.audit.sequence,
    events_missing: events.length,
    checkpoints_missing: checkpoints.length,
    from: events.at(0)?.time ?? checkpoints.at(0)?.time,
    until: Math.max(events.at(-1)?.time ?? 0, checkpoints.at(-1)?.time ?? 0),
  };
}
