import type { Logger } from 'pino';
import { signerWitness } from './audit/adopt-sealed.ts';
import type { SinkCheckpoint } from './audit/refuse-restored.ts';
import type { Checkpoint, StoredCheckpoint } from './domain/checkpoint.ts';
import type { SealedStatements, Signer } from './kernel/signer.ts';
import { type AuditPublicKey, readCheckpoint } from './token/checkpoint.ts';
import { headFollowedIn } from './token/registry-statement.ts';

/** What the signer saw of the database when it last sealed a checkpoint, and a head of the registry. */
export interface SealedWitness {
  readonly witness: SinkCheckpoint;
  readonly checkpoint: StoredCheckpoint | undefined;
}

/** One more witness beside the sinks. With the HSM away it tells nothing, and the sinks alone do. */
export async function sealedWitness(
  { signer, log }: { readonly signer: Pick<Signer, 'sealed'>; readonly log: Logger },
  latest: StoredCheckpoint | undefined,
  auditKey: AuditPublicKey,
): Promise<SealedWitness> {
  const { checkpoint: jws, head } = await lastSealed(signer, latest, log);
  const read = jws === null ? undefined : await readCheckpoint(jws, auditKey);
  const checkpoint = read && jws !== null ? stored(read, jws) : undefined;
  const registry = head === null ? 0 : headFollowedIn(head);
  return { witness: { ...signerWitness(checkpoint), registry }, checkpoint };
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
