import type { TokenDescription } from '../kernel/signer.ts';

/** SoftHSM, Kryoptic, NSS and openCryptoki's soft token, by what they call themselves. */
const SOFTWARE = /\b(?:SoftHSM|Kryoptic|NSS|Soft)\b/i;

/** Whether the token says of itself that it is a program, whose keys are files: a copy of them is a copy of it. */
export function isSoftwareHsm({
  manufacturer,
  model,
}: Pick<TokenDescription, 'manufacturer' | 'model'>): boolean {
  return SOFTWARE.test(manufacturer) || SOFTWARE.test(model);
}
