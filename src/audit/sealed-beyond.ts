import type { AuditLog } from '../kernel/audit.ts';
import type { StoredCheckpoint } from '../kernel/audit-chain.ts';
import { KeywardError } from '../kernel/errors.ts';
import { areLost, type RecordGap } from '../kernel/record-gap.ts';
import { type AuditPublicKey, checkpointDigest, readCheckpoint } from '../token/checkpoint.ts';
import { refuseRollback, type SinkCheckpoint } from './refuse-rollback.ts';

export function signerCheckpoint(checkpoint: StoredCheckpoint | undefined): SinkCheckpoint {
  return { name: 'the signer', tail: { event: undefined, checkpoint } };
}

/** What the signer sealed beyond the database. */
interface SealedBeyond {
  readonly checkpoint: StoredCheckpoint;
  /** Two persons accepted what it saw as lost: the next one follows it, and it is not stored. */
  readonly isLost: boolean;
}

/**
 * The checkpoint that the signer sealed last, where the database lacks it: a crash came between signature and
 * commit, or it was lost. Undefined where nothing is lacking. `database_restored` where the database is not the one
 * that it saw.
 */
export async function sealedBeyond(
  log: Pick<AuditLog, 'heads' | 'hashAt'>,
  latest: StoredCheckpoint | undefined,
  sealed: string | null,
  auditKey: AuditPublicKey,
  gaps: readonly RecordGap[],
): Promise<SealedBeyond | undefined> {
  if (sealed === null || sealed === latest?.jws) return undefined;
  const read = await readCheckpoint(sealed, auditKey);
  if (!read) return undefined;
  const { number, previous, time, heads } = read;
  const checkpoint = { number, time, auditSequence: heads.audit.sequence, jws: sealed };
  if (areLost(gaps, (latest?.number ?? 0) + 1, number)) return { checkpoint, isLost: true };
  const follows =
    number === (latest?.number ?? 0) + 1 &&
    (!latest || Buffer.compare(previous, checkpointDigest(latest.jws)) === 0);
  if (!follows) throw foreign(number, latest?.number ?? 0);
  await refuseRollback(log, [signerCheckpoint(checkpoint)], auditKey, []);
  return { checkpoint, isLost: false };
}

function foreign(sealed: number, latest: number): KeywardError {
  return new KeywardError(
    'database_restored',
    `the signer sealed checkpoint ${sealed}, which does not follow checkpoint ${latest} of the database: ` +
      'read docs/runbooks/restored-database.md',
  );
}
