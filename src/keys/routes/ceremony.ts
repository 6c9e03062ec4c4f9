import { z } from 'zod';
import type { Authenticator } from '../../kernel/actor.ts';
import { ALGORITHM_NAMES } from '../../kernel/algorithm.ts';
import { actorOf, READING } from '../../server/admission.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import type { Ceremonies, Ceremony, CeremonyKey } from '../key-administration.ts';
import { hsmTokenDescription, readAttributes } from './proof.ts';

const jwk = z.record(z.string(), z.string());

const ceremonyKey = z
  .object({
    kid: z.string().meta({ description: 'The RFC 7638 thumbprint of the public key.' }),
    state: z.string().meta({ description: 'As it was made.' }),
    hsm_token: z.string(),
    hsm_id: z.string().meta({ description: 'CKA_ID of both halves, hex.' }),
    public_jwk: jwk,
    sign_from: z.int().meta({ description: 'The outer bounds, which the binding record holds.' }),
    sign_until: z.int(),
    max_ttl_seconds: z.int(),
    token: hsmTokenDescription,
    mechanism: z.object({ name: z.string(), number: z.int() }),
    attributes: readAttributes,
    proven_at: z.int().meta({ description: 'By the clock of the signer.' }),
    statement: z
      .string()
      .meta({ description: '`kw-proof+jwt` by the key itself, which holds what was read.' }),
    binding_record: z.string().meta({ description: '`kw-binding+jwt`' }),
    binding_key: jwk.meta({
      description: 'Who signed the binding record; to be believed by its thumbprint, had from elsewhere.',
    }),
  })
  .meta({ id: 'CeremonyKey' });

const ceremony = z
  .object({
    scope: z.object({
      id: z.string(),
      issuer: z.string(),
      audience: z.string(),
      algorithm: z.enum(ALGORITHM_NAMES),
      modulus_bits: z.int().nullable(),
    }),
    made_at: z.int(),
    made_by: z.string().meta({ description: 'The operator who asked for it.' }),
    approved_by: z.string().nullable().meta({ description: 'Null where one person did it alone.' }),
    proposal: z.string().nullable(),
    proposed_at: z.int().nullable(),
    request_id: z.string().nullable(),
    audit_event: z
      .object({ sequence: z.int(), hash: z.string() })
      .meta({ description: 'Where the audit trail says so; checkpoints sign its chain.' }),
    keys: z.array(ceremonyKey),
  })
  .meta({ id: 'Ceremony' });
export type CeremonyAnswer = z.infer<typeof ceremony>;

function ceremonyRepresentation(of: Ceremony): CeremonyAnswer {
  const { id, issuer, audience, algorithm, modulusBits: modulus_bits } = of.scope;
  const { time, actor, requestId, sequence, hash } = of.event;
  return {
    scope: { id, issuer, audience, algorithm, modulus_bits },
    made_at: time,
    made_by: actor,
    approved_by: of.approval?.approvedBy ?? null,
    proposal: of.approval?.proposalId ?? null,
    proposed_at: of.approval?.proposedAt ?? null,
    request_id: requestId,
    audit_event: { sequence, hash: Buffer.from(hash).toString('base64url') },
    keys: of.keys.map(keyRepresentation),
  };
}

function keyRepresentation({ key, stateThen, proof, statement, bindingJwk }: CeremonyKey) {
  const { binding } = key;
  return {
    kid: key.kid,
    state: stateThen,
    hsm_token: key.hsmToken,
    hsm_id: binding.hsmId,
    public_jwk: { ...key.publicJwk },
    sign_from: binding.signFrom,
    sign_until: binding.signUntil,
    max_ttl_seconds: binding.maxTtlSeconds,
    token: proof.token,
    mechanism: proof.mechanism,
    attributes: { ...proof.attributes },
    proven_at: proof.iat,
    statement,
    binding_record: key.bindingRecord,
    binding_key: { ...bindingJwk },
  };
}

interface CeremonyDeps {
  readonly authenticator: Authenticator;
  readonly ceremonies: Ceremonies;
}

const showCeremony: Route<CeremonyDeps> = {
  method: 'get',
  path: '/v1/admin/scopes/{scope}/ceremony',
  operation: {
    operationId: 'showCeremony',
    summary: 'How a scope was made: by whom, when, and what the HSM showed of its keys; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'As recorded when it was made', z.object({ ceremony })),
      ...problems(
        CODES.operator,
        ['unknown_scope', 'ceremony_unrecorded', 'unknown_hsm_token'],
        ['key_unproven', 'binding_refused', 'registry_refused', 'store_unavailable'],
      ),
    },
  },
  handler:
    ({ authenticator, ceremonies }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      const found = await ceremonies.of(request.params.scope ?? '');
      sendJson(response, 200, { ceremony: ceremonyRepresentation(found) });
    },
};

export const adminCeremonyRoutes = [showCeremony];
