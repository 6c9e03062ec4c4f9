import { errorMessage } from '../lib/text.ts';

/**
 * The closed list of what can go wrong, each with its code. `server/problem.ts` maps every code to a status;
 * adding one here fails to compile until it is mapped there.
 */
export const ERROR_CODES = [
  // the request
  'malformed_request',
  'headers_too_large',
  'malformed_json',
  'unsupported_media_type',
  'unsupported_transfer_coding',
  'idempotency_unsupported',
  'body_too_large',
  'method_not_allowed',
  'not_found',
  'invalid_request',
  'unknown_member',
  'request_timeout',
  'batch_too_large',
  // the caller
  'credential_missing',
  'credential_malformed',
  'credential_invalid',
  'grant_missing',
  'role_missing',
  'rate_limited',
  // the token asked for
  'unknown_scope',
  'reserved_claim',
  'reserved_subject',
  'invalid_claims',
  'claims_too_large',
  'claims_too_deep',
  'subject_required',
  'ttl_out_of_policy',
  'token_type_not_allowed',
  'revoked',
  // the signing input of a caller's own
  'external_claims_off',
  'malformed_signing_input',
  'wrong_header',
  'wrong_algorithm',
  'kid_not_active',
  'wrong_issuer',
  'wrong_audience',
  'iat_out_of_skew',
  'iat_outside_window',
  'already_expired',
  'nbf_after_iat',
  'invalid_jti',
  'jti_used',
  // administration
  'invalid_scope',
  'invalid_policy',
  'invalid_rotation_pause',
  'scope_exists',
  'issuer_audience_taken',
  'algorithm_unavailable',
  'unknown_key',
  'ambiguous_kid',
  'transition_forbidden',
  'no_standby',
  'hsm_token_compromised',
  'key_changed',
  'ceremony_unrecorded',
  'unknown_hsm_token',
  'invalid_client',
  'client_exists',
  'unknown_client',
  'client_revoked',
  'invalid_revocation',
  'invalid_operator',
  'operator_exists',
  'unknown_operator',
  'operator_revoked',
  'credential_digest_required',
  'credential_taken',
  'invalid_probe',
  'unknown_probe',
  'too_many_probes',
  // two persons
  'unknown_proposal',
  'self_approval',
  'not_your_proposal',
  'proposal_expired',
  'proposal_executed',
  'proposal_closed',
  'proposal_outdated',
  'proposal_interrupted',
  'proposer_gone',
  'too_many_proposals',
  // security events
  'unknown_event',
  'unknown_canary',
  'invalid_canary',
  'event_acknowledged',
  'event_resolved',
  'review_unseen',
  'review_signed_off',
  // reports
  'unknown_report',
  'report_closed',
  // notifications
  'unknown_target',
  'unknown_delivery',
  'delivery_not_dead',
  // the service
  'no_active_key',
  'signing_window_over',
  'hsm_unavailable',
  'hsm_refused',
  'hsm_full',
  'pin_latched',
  'key_unproven',
  'binding_refused',
  'signature_wrong',
  'registry_refused',
  'audit_trail_refused',
  'ledger_unavailable',
  'ledger_damaged',
  'store_unavailable',
  'audit_sink_unavailable',
  'database_restored',
  'foreign_schema',
  'not_restored',
  'service_keys_replaced',
  'not_replaced',
  'database_in_use',
  'database_moved',
  'database_incomplete',
  'clock_jump',
  'clock_ahead',
  'clock_trusted',
  'clock_disagrees',
  'overloaded',
  'shutting_down',
  'invalid_config',
  'reload_refused',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * The one error class. `message` is for the caller: it says what to do and names nothing internal; what
 * happened inside goes into `cause`, which is logged and never sent.
 */
export class KeywardError extends Error {
  override readonly name = 'KeywardError';
  readonly code: ErrorCode;
  /** Whole seconds after which trying again makes sense; sent as `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/**
 * The message with what happened inside, for operators who are known as such: what the module or the system
 * answered. Of other causes nothing is shown, since they may quote what is nobody's business.
 */
export function operatorText({ message, cause }: KeywardError): string {
  const inside = insideOf(cause).filter((text) => text !== message);
  return inside.length === 0 ? message : [message.replace(/\.$/, ''), ...inside].join(': ');
}

/** The reason for any failure, for operators. */
export function whyOf(error: unknown): string {
  return error instanceof KeywardError ? operatorText(error) : errorMessage(error);
}

function insideOf(cause: unknown): string[] {
  if (typeof cause === 'string') return [cause];
  if (cause instanceof Error) return isOfMachine(cause) ? [cause.message] : [];
  const { message, detail } = (cause ?? {}) as { message?: unknown; detail?: unknown };
  return [message, detail].filter((text) => typeof text === 'string');
}

/**
 * Of the system, of the database or of a thread that could not be started, such as `listen EADDRINUSE: address already in use
 * 127.0.0.1:8080`, `database disk image is malformed` or `Worker initialization failure: EMFILE`.
 */
function isOfMachine(error: Error): boolean {
  return (
    'syscall' in error ||
    'errcode' in error ||
    error.name === 'StoreFailure' ||
    ('code' in error && error.code === WORKER_FAILED)
  );
}

const WORKER_FAILED = 'ERR_WORKER_INIT_FAILED';
