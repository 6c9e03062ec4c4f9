import type { Trx } from './schema.ts';

/** Rejects where standbys may lack something that this transaction could read. */
export type ReadProof = (trx: Trx) => Promise<void>;

const proofs = new WeakMap<Trx, ReadProof>();

/** For what the transaction reads from now on. */
export function lendProof(trx: Trx, proof: ReadProof | undefined): void {
  if (proof) proofs.set(trx, proof);
}

/**
 * For whoever remembers what another front committed. A commit whose wait for standbys was ended is there to be read, and a
 * promotion takes it back. Nothing is asked where none was lent. `store_unavailable`.
 */
export async function requireProven(trx: Trx): Promise<void> {
  await proofs.get(trx)?.(trx);
}
