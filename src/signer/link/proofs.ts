import type { KeyProof } from '../../kernel/signer.ts';

export function countProven(proofs: readonly KeyProof[]): number {
  return proofs.filter(({ proven }) => proven).length;
}

export function missingKids(proofs: readonly KeyProof[]): string[] {
  return proofs.filter(({ found }) => !found).map(({ kid }) => kid);
}
