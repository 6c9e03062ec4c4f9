import type { RefusedRow, RegistryWitness } from '../../domain/registry-seal.ts';
import type { Reader } from '../reader.ts';
import { readStored } from './read-stored.ts';
import { verifyStored } from './verify-stored.ts';

export interface RegistryInspection {
  /** Number of the last signed change. */
  readonly version: number;
  readonly rows: number;
  readonly refused: readonly RefusedRow[];
  /** Rows that were restricted without the HSM, and wait for their signature. */
  readonly pending: readonly { readonly table: string; readonly id: string }[];
}

/**
 * What a verifier finds in the registry of a database, with the registry's public key alone. `registry_refused`
 * without a good head.
 */
export async function inspectRegistry(
  reader: Pick<Reader, 'read'>,
  witness: RegistryWitness,
): Promise<RegistryInspection> {
  const { head, rows, refused } = await verifyStored(await reader.read(readStored), witness);
  const pending = [...rows.values()].filter((row) => row.pending !== null);
  return {
    version: head.version,
    rows: rows.size,
    refused,
    pending: pending.map(({ table, id }) => ({ table, id })),
  };
}
