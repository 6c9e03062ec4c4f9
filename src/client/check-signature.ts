import type { Algorithm } from '../kernel/algorithm.ts';
import { type SignatureCheck, verifySignature, verifySignatureSync } from '../token/signature.ts';

/** Those that would hold up the event loop for longer than a hand-over to the thread pool takes, many times over. */
const LONG: ReadonlySet<Algorithm> = new Set(['ES384']);

/**
 * On the calling thread where that is quick: a job in the thread pool costs some 50 µs of CPU beside the check, as
 * much as the check itself, and a verifier mostly has one token at a time.
 */
export const checkSignature: SignatureCheck = (algorithm, ...rest) =>
  LONG.has(algorithm) ? verifySignature(algorithm, ...rest) : verifySignatureSync(algorithm, ...rest);
