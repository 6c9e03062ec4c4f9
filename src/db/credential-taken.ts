import { KeywardError } from '../kernel/errors.ts';

/** The same for a credential and for a decoy: it tells nobody which of them a digest is. */
export function credentialTaken(): KeywardError {
  return new KeywardError('credential_taken', 'This credential is or was in use; make another one.');
}
