import type { AuditEvent } from '../../domain/audit.ts';
import { KeywardError } from '../../domain/errors.ts';
import type { RefusedRow, RegistrySeal } from '../../domain/registry-seal.ts';
import type { Reader } from '../reader.ts';
import { readStored, type StoredRegistry } from './read-stored.ts';
import type { RegistryChanges } from './registry-changes.ts';
import { TrustedRegistry } from './trusted-registry.ts';
import { verifyStored } from './verify-stored.ts';

export interface RegistryOpening {
  readonly seal: RegistrySeal;
  /** Whether a registry without any signature may be an older version's, whose rows are signed now, once. */
  readonly mayTakeOver: boolean;
}

export interface RegistryReport {
  /** Rows that were signed for the first time. */
  readonly takenOver: number;
  /** Rows that are in no answer. */
  readonly refused: readonly RefusedRow[];
}

/**
 * Verifies all rows; from here on the registry answers and can be changed. `registry_refused` without a good
 * head, and for a registry without signatures that may not be taken over.
 */
export async function openRegistry(
  reader: Pick<Reader, 'read'>,
  changes: RegistryChanges,
  { seal, mayTakeOver }: RegistryOpening,
): Promise<RegistryReport> {
  const { stored, checkpoints } = await reader.read(async (trx) => ({
    stored: await readStored(trx),
    checkpoints: await trx.selectFrom('checkpoints').select('number').limit(1).execute(),
  }));
  if (isSigned(stored)) {
    const verified = await verifyStored(stored, seal);
    changes.open(TrustedRegistry.from(verified), seal);
    return { takenOver: 0, refused: verified.refused };
  }
  if (stored.rows.size > 0 && (!mayTakeOver || checkpoints.length > 0)) throw signaturesGone();
  changes.open(TrustedRegistry.unsigned(stored), seal);
  return { takenOver: await changes.signPending(takenOver), refused: [] };
}

function isSigned({ head, marks, lists }: StoredRegistry): boolean {
  return head !== undefined || marks.size > 0 || lists.size > 0;
}

function takenOver(rows: number): AuditEvent {
  const details = { rows };
  return { type: 'registry.taken_over', actor: 'keyward', subject: 'registry', requestId: null, details };
}

function signaturesGone(): KeywardError {
  return new KeywardError(
    'registry_refused',
    'The registry was signed once and has no signature now, so that no row of it can be believed; restore the database.',
  );
}
