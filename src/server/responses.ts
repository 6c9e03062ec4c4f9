import type { z } from 'zod';
import type { ZodOpenApiResponsesObject } from 'zod-openapi';
import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import { oauthErrorName, oauthStatus } from './oauth-error.ts';
import { PROBLEMS, problemDocument } from './problem.ts';
import { oauthError, problem } from './wire.ts';

/** Codes that many routes share, by where they come from. */
export const CODES = {
  /** Of every route, the first before it is found. */
  any: ['headers_too_large'],
  service: ['malformed_request', 'idempotency_unsupported', 'overloaded', 'shutting_down', 'internal'],
  client: [
    'credential_missing',
    'credential_malformed',
    'credential_invalid',
    'grant_missing',
    'rate_limited',
  ],
  operator: [
    'credential_missing',
    'credential_malformed',
    'credential_invalid',
    'role_missing',
    'rate_limited',
  ],
  body: ['unsupported_media_type', 'body_too_large', 'request_timeout', 'malformed_json'],
  schema: ['invalid_request', 'unknown_member'],
  proposing: [
    'too_many_proposals',
    'proposal_outdated',
    'store_unavailable',
    'audit_sink_unavailable',
    'clock_jump',
    'clock_ahead',
  ],
  issuing: [
    'reserved_claim',
    'reserved_subject',
    'invalid_claims',
    'claims_too_large',
    'claims_too_deep',
    'subject_required',
    'ttl_out_of_policy',
    'token_type_not_allowed',
    'revoked',
    'no_active_key',
    'signing_window_over',
    'hsm_unavailable',
    'hsm_refused',
    'pin_latched',
    'key_unproven',
    'binding_refused',
    'signature_wrong',
    'ledger_unavailable',
    'clock_jump',
    'clock_ahead',
  ],
  externalClaims: [
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
  ],
} as const satisfies Record<string, readonly ErrorCode[]>;

/** A JSON answer in the API description; without an example it gets one made from its schema. */
export function json(
  status: `${number}`,
  description: string,
  schema: z.ZodType,
  example?: object,
): ZodOpenApiResponsesObject {
  const media = example === undefined ? { schema } : { schema, example };
  return { [status]: { description, content: { 'application/json': media } } };
}

/** The problems a route can answer with, a response for each status, naming its codes. */
export function problems(...groups: (readonly ErrorCode[])[]): ZodOpenApiResponsesObject {
  const byStatus = Map.groupBy(allOf(groups), (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [
      `${status}`,
      {
        description: of.map((code) => `\`${code}\``).join(', '),
        content: { 'application/problem+json': { schema: problem, examples: problemReferences(of) } },
      },
    ]),
  );
}

function problemReferences(codes: readonly ErrorCode[]) {
  return Object.fromEntries(codes.map((code) => [code, { $ref: problemReference(code) }]));
}

export const problemReference = (code: ErrorCode) => `#/components/examples/${code}`;

/** What a problem of this code looks like. */
export function problemExample(code: ErrorCode) {
  const { title } = PROBLEMS[code];
  const { detail: _, ...value } = problemDocument(new KeywardError(code, ''), 'order-17');
  return { summary: title, value };
}

/** The same of an OAuth endpoint, naming its errors. */
export function oauthErrors(...groups: (readonly ErrorCode[])[]): ZodOpenApiResponsesObject {
  const statuses = new Set(allOf(groups).map((code) => oauthStatus(code)));
  return Object.fromEntries(
    [...statuses].map((status) => [
      `${status}`,
      {
        description: `\`${oauthErrorName(status)}\``,
        content: { 'application/json': { schema: oauthError, example: { error: oauthErrorName(status) } } },
      },
    ]),
  );
}

function allOf(groups: readonly (readonly ErrorCode[])[]): readonly ErrorCode[] {
  return [...new Set([...groups.flat(), ...CODES.service])];
}
