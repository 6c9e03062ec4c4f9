import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import { meaningOf } from './ckr.ts';
import { CryptokiError } from './cryptoki-error.ts';
import type { Failure, Remedy } from './protocol.ts';

/** What our own refusals ask of the front; a code that is not here asks nothing. */
const REMEDIES: Partial<Record<ErrorCode, Remedy>> = {
  hsm_unavailable: 'replace',
  hsm_refused: 'stop',
  pin_latched: 'stop',
  invalid_config: 'stop',
};

const MESSAGES: Record<Remedy, string> = {
  retry: 'the HSM did not answer this time',
  replace: 'the HSM is not available',
  stop: 'the HSM refused the operation',
};

/** Any error as the front is told it: a text for callers beside one for operators. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CryptokiError) {
    const { code, remedy } = meaningOf(error.ckr);
    return { code, message: MESSAGES[remedy], detail: error.message, ckr: error.ckr, remedy };
  }
  if (error instanceof KeywardError) {
    const { code, message, cause } = error;
    const remedy = REMEDIES[code];
    return {
      code,
      message,
      ...(cause instanceof Error ? { detail: cause.message } : {}),
      ...(cause instanceof CryptokiError ? { ckr: cause.ckr } : {}),
      ...(remedy === undefined ? {} : { remedy }),
    };
  }
  return { code: 'internal', message: 'the signer failed' };
}
