import { KeywardError } from '../../kernel/errors.ts';
import type { RefusedRow, RegistrySeal } from '../../domain/registry-seal.ts';
import type { Reader } from '../reader.ts';
import { readStored, type StoredRegistry } from './read-stored.ts';
import type { RegistryChanges } from './registry-changes.ts';
import { TrustedRegistry } from './trusted-registry.ts';
import { verifyStored } from './verify-stored.ts';

export interface RegistryOpening {
  readonly seal: RegistrySeal;
}

export interface RegistryReport {
  /** Rows that are in no answer. */
  readonly refused: readonly RefusedRow[];
}

/**
 * Verifies all rows; from here on the registry answers and can be changed. `registry_refused` without a good head:
 * rows that nobody signed count for nothing, and only an empty registry has none.
 */
export async function openRegistry(
  reader: Pick<Reader, 'read'>,
  changes: RegistryChanges,
  { seal }: RegistryOpening,
): Promise<RegistryReport> {
  const stored = await reader.read(readStored);
  if (isSigned(stored)) {
    const verified = await verifyStored(stored, seal);
    changes.open(TrustedRegistry.from(verified), seal);
    return { refused: verified.refused };
  }
  if (stored.rows.size > 0) throw signaturesGone();
  changes.open(TrustedRegistry.empty(), seal);
  return { refused: [] };
}

function isSigned({ head, marks, lists }: StoredRegistry): boolean {
  return head !== undefined || marks.size > 0 || lists.size > 0;
}

function signaturesGone(): KeywardError {
  return new KeywardError(
    'registry_refused',
    'The registry has rows and no signature, so that no row of it can be believed; restore the database.',
  );
}
