import { type ErrorCode, KeywardError } from '../kernel/errors.ts';

interface ProblemFacts {
  readonly status: number;
  readonly title: string;
  /** Sent as `Retry-After` where the error itself names no time. */
  readonly retryAfterSeconds?: number;
}

/** Every code with the status and title it is answered with. */
export const PROBLEMS = {
  malformed_request: { status: 400, title: 'The request is not sound HTTP' },
  headers_too_large: { status: 431, title: 'The request line and headers are too large' },
  malformed_json: { status: 400, title: 'The body is not one strict JSON object' },
  unsupported_transfer_coding: { status: 501, title: 'The transfer coding is not known' },
  idempotency_unsupported: { status: 400, title: 'Idempotency-Key is not supported' },
  unsupported_media_type: { status: 415, title: 'The body has the wrong media type' },
  body_too_large: { status: 413, title: 'The body is too large' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  not_found: { status: 404, title: 'There is nothing here' },
  invalid_request: { status: 422, title: 'A member of the request is not as described' },
  unknown_member: { status: 422, title: 'The request has a member that is not described' },
  request_timeout: { status: 408, title: 'The request did not arrive in full' },
  batch_too_large: { status: 422, title: 'The batch has too many requests' },
  credential_missing: { status: 401, title: 'A credential is required' },
  credential_malformed: { status: 401, title: 'The credential is malformed' },
  credential_invalid: { status: 401, title: 'The credential is not valid' },
  grant_missing: { status: 403, title: 'The client does not hold the grant' },
  role_missing: { status: 403, title: 'The operator does not hold the role' },
  rate_limited: { status: 429, title: 'Too many requests', retryAfterSeconds: 1 },
  unknown_scope: { status: 404, title: 'There is no such scope' },
  reserved_claim: { status: 422, title: 'The service writes this claim itself' },
  reserved_subject: { status: 422, title: 'The service alone issues for this subject' },
  invalid_claims: { status: 422, title: 'The claims are not usable' },
  claims_too_large: { status: 422, title: 'The claims are too large' },
  claims_too_deep: { status: 422, title: 'The claims nest too deep' },
  subject_required: { status: 422, title: 'The scope requires a subject' },
  ttl_out_of_policy: { status: 422, title: 'The lifetime is outside the policy' },
  token_type_not_allowed: { status: 422, title: 'The policy does not allow this token type' },
  revoked: { status: 403, title: 'Tokens like this are revoked' },
  external_claims_off: { status: 403, title: 'The policy does not let callers write all claims' },
  malformed_signing_input: { status: 422, title: 'The signing input is not strict' },
  wrong_header: { status: 422, title: 'The header is not as Keyward writes it' },
  wrong_algorithm: { status: 422, title: 'The algorithm is not that of the scope' },
  kid_not_active: { status: 409, title: 'Another key signs for the scope' },
  wrong_issuer: { status: 422, title: 'The issuer is not that of the scope' },
  wrong_audience: { status: 422, title: 'The audience is not that of the scope' },
  iat_out_of_skew: { status: 422, title: 'The time of issue is not now' },
  iat_outside_window: { status: 422, title: 'The time of issue is outside the signing window of the key' },
  already_expired: { status: 422, title: 'The token would have expired already' },
  nbf_after_iat: { status: 422, title: 'The token would be valid later than it is issued' },
  invalid_jti: { status: 422, title: 'The jti is not usable' },
  jti_used: { status: 409, title: 'The jti names another token of the scope' },
  invalid_scope: { status: 422, title: 'The scope is not usable' },
  invalid_policy: { status: 422, title: 'The policy is not usable' },
  invalid_rotation_pause: { status: 422, title: 'The pause is not usable' },
  scope_exists: { status: 409, title: 'The scope id is taken' },
  issuer_audience_taken: { status: 409, title: 'The pair of issuer and audience is taken' },
  algorithm_unavailable: { status: 422, title: 'The HSM does not offer the algorithm' },
  unknown_key: { status: 404, title: 'There is no such key' },
  ambiguous_kid: { status: 409, title: 'More than one key begins like this' },
  transition_forbidden: { status: 409, title: 'The key cannot go this way now' },
  no_standby: { status: 503, title: 'The scope has no standby', retryAfterSeconds: 5 },
  hsm_token_compromised: { status: 409, title: 'The HSM token is compromised' },
  key_changed: { status: 409, title: 'The key changed meanwhile' },
  ceremony_unrecorded: { status: 404, title: 'The making of the scope is not on record' },
  unknown_hsm_token: { status: 422, title: 'There is no such HSM token' },
  invalid_client: { status: 422, title: 'The client is not usable' },
  client_exists: { status: 409, title: 'The client id is taken' },
  unknown_client: { status: 404, title: 'There is no such client' },
  invalid_revocation: { status: 422, title: 'The revocation is not usable' },
  client_revoked: { status: 409, title: 'The client is revoked' },
  invalid_operator: { status: 422, title: 'The operator is not usable' },
  operator_exists: { status: 409, title: 'The operator id is taken' },
  unknown_operator: { status: 404, title: 'There is no such operator' },
  operator_revoked: { status: 409, title: 'The operator is revoked' },
  credential_digest_required: { status: 422, title: 'The digest of the new credential is required' },
  credential_taken: { status: 409, title: 'The credential is in use' },
  review_unseen: { status: 409, title: 'The review was not shown to you' },
  review_signed_off: { status: 409, title: 'The review is signed off' },
  invalid_probe: { status: 422, title: 'The probe is not usable' },
  unknown_probe: { status: 404, title: 'There is no such probe' },
  too_many_probes: { status: 409, title: 'Too many verifiers are probed' },
  unknown_proposal: { status: 404, title: 'There is no such proposal' },
  self_approval: { status: 403, title: 'Nobody approves their own proposal' },
  not_your_proposal: { status: 403, title: 'The proposal is somebody else’s' },
  proposal_expired: { status: 409, title: 'The proposal has expired' },
  proposal_executed: { status: 409, title: 'The proposal is executed' },
  proposal_closed: { status: 409, title: 'The proposal is closed' },
  proposal_outdated: { status: 409, title: 'The proposal is overtaken by a change' },
  proposal_interrupted: { status: 500, title: 'The execution of the proposal was cut short' },
  proposer_gone: { status: 409, title: 'Who proposed it may not ask for it any more' },
  too_many_proposals: { status: 429, title: 'Too many proposals are open', retryAfterSeconds: 3600 },
  unknown_event: { status: 404, title: 'There is no such security event' },
  unknown_canary: { status: 404, title: 'There is no such canary' },
  invalid_canary: { status: 422, title: 'The canary is not usable' },
  event_acknowledged: { status: 409, title: 'Somebody has acknowledged the security event' },
  event_resolved: { status: 409, title: 'The security event is resolved' },
  unknown_report: { status: 404, title: 'There is no such report' },
  report_closed: { status: 409, title: 'The case is closed' },
  unknown_target: { status: 422, title: 'There is no such notification target' },
  unknown_delivery: { status: 404, title: 'There is no such delivery' },
  delivery_not_dead: { status: 409, title: 'The delivery is not given up' },
  no_active_key: { status: 503, title: 'No key signs for the scope', retryAfterSeconds: 5 },
  signing_window_over: { status: 503, title: 'The signing window of the key is over', retryAfterSeconds: 5 },
  hsm_unavailable: { status: 503, title: 'The HSM is away', retryAfterSeconds: 1 },
  hsm_refused: { status: 503, title: 'The HSM refused', retryAfterSeconds: 5 },
  hsm_full: { status: 507, title: 'The HSM token is full' },
  pin_latched: { status: 503, title: 'The PIN waits for an operator', retryAfterSeconds: 60 },
  key_unproven: { status: 503, title: 'The key is not proven', retryAfterSeconds: 60 },
  binding_refused: { status: 500, title: 'The signer refused' },
  signature_wrong: { status: 500, title: 'The signature was wrong' },
  audit_trail_refused: {
    status: 503,
    title: 'The audit trail is not as it was written',
    retryAfterSeconds: 60,
  },
  registry_refused: { status: 503, title: 'The registry is not as it was signed', retryAfterSeconds: 60 },
  ledger_unavailable: { status: 503, title: 'The ledger is away', retryAfterSeconds: 1 },
  ledger_damaged: { status: 500, title: 'The ledger is not as it was committed' },
  store_unavailable: { status: 503, title: 'The database is away', retryAfterSeconds: 1 },
  audit_sink_unavailable: {
    status: 503,
    title: 'No audit sink confirms',
    retryAfterSeconds: 5,
  },
  database_restored: {
    status: 503,
    title: 'The database is older than an audit sink',
    retryAfterSeconds: 60,
  },
  foreign_schema: {
    status: 503,
    title: 'The schema of the database is not Keyward’s',
    retryAfterSeconds: 60,
  },
  not_restored: { status: 409, title: 'No restore waits to be accepted' },
  service_keys_replaced: {
    status: 503,
    title: 'The service keys wait to be enrolled',
    retryAfterSeconds: 60,
  },
  not_replaced: { status: 409, title: 'No service keys wait to be enrolled' },
  database_in_use: { status: 503, title: 'Another process has the database', retryAfterSeconds: 60 },
  database_incomplete: { status: 503, title: 'The database is not whole yet', retryAfterSeconds: 60 },
  database_moved: { status: 503, title: 'The database was moved', retryAfterSeconds: 60 },
  clock_jump: { status: 503, title: 'The clock cannot be trusted', retryAfterSeconds: 5 },
  clock_ahead: { status: 503, title: 'The clock is ahead of the last checkpoint', retryAfterSeconds: 60 },
  clock_trusted: { status: 409, title: 'The clock is trusted' },
  clock_disagrees: { status: 409, title: 'The clock of the service shows another time' },
  overloaded: { status: 503, title: 'The service has more to do than it can', retryAfterSeconds: 1 },
  shutting_down: { status: 503, title: 'The service is shutting down', retryAfterSeconds: 1 },
  reload_refused: { status: 409, title: 'The configuration was not reloaded' },
  invalid_config: { status: 500, title: 'The configuration is wrong' },
  internal: { status: 500, title: 'Something went wrong inside' },
} as const satisfies Record<ErrorCode, ProblemFacts>;

/** RFC 9457. `status` equals the HTTP status. */
interface ProblemDocument {
  readonly type: `urn:keyward:problem:${ErrorCode}`;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly request_id: string;
}

export function problemDocument(
  error: KeywardError,
  requestId: string,
  detail = error.message,
): ProblemDocument {
  const { status, title } = PROBLEMS[error.code];
  return {
    type: `urn:keyward:problem:${error.code}`,
    title,
    status,
    code: error.code,
    ...(error.code === 'internal' ? {} : { detail }),
    request_id: requestId,
  };
}

/** Whole seconds for `Retry-After`; undefined where trying again would not help. */
export function retryAfterSeconds(error: KeywardError): number | undefined {
  const facts: ProblemFacts = PROBLEMS[error.code];
  return error.retryAfterSeconds ?? facts.retryAfterSeconds;
}

/** What anything thrown means to the caller. What is not a `KeywardError` is `internal`, the cause kept. */
export function asKeywardError(thrown: unknown): KeywardError {
  if (thrown instanceof KeywardError) return thrown;
  if (isUndecodablePath(thrown)) return new KeywardError('not_found', 'the path is not valid %-encoding');
  return new KeywardError('internal', 'something went wrong inside', { cause: thrown });
}

/** Express refuses a path parameter that `decodeURIComponent` cannot read. */
function isUndecodablePath(thrown: unknown): boolean {
  return thrown instanceof URIError;
}
