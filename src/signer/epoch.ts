import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import { meaningOf } from './ckr.ts';
import { CryptokiError } from './cryptoki.ts';
import type { Failure, Log, Remedy } from './protocol.ts';

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

/**
 * The life of this process's handles (decision 0003). The first error that only another process can cure ends
 * it: from then on nothing more is asked of the module, since a handle may have come to name another key.
 */
export class Epoch {
  readonly #log: Log;
  #end: Failure | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Why it ended; undefined while it lasts. */
  get end(): Failure | undefined {
    return this.#end;
  }

  /** Whoever has waited for a session asks again. `hsm_unavailable`. */
  requireNow(): void {
    if (this.#end) throw new KeywardError('hsm_unavailable', this.#end.message);
  }

  /** What the front is told of an error, which ends the epoch where it must. */
  failed(doing: string, error: unknown): Failure {
    const failure = failureOf(error);
    const ends = failure.remedy === 'replace' && !this.#end;
    if (ends) this.#end = failure;
    if (ends || failure.remedy === 'stop' || failure.code === 'internal') {
      this.#log('error', `${doing} failed`, detailsOf(error));
    }
    return failure;
  }
}

function detailsOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  const cause = error.cause instanceof Error ? { cause: error.cause.message } : {};
  return { error: error.message, ...cause, stack: error.stack };
}
