import type { VerifierOptions } from './options.ts';
import { type Verifier, verifierIn } from './verifier.ts';

/**
 * A verifier for the tokens of one key scope. It begins at once to fetch the key set and, with a credential, to
 * follow the scope's events; keep one for the life of the process and `close` it at the end. Throws a `TypeError`
 * that names the option which cannot be used.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  return verifierIn(options);
}
