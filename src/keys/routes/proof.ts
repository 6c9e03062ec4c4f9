import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Authenticator } from '../../kernel/actor.ts';
import { KeywardError } from '../../kernel/errors.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { KeyProver, ProvenKey } from '../../domain/prove-key.ts';
import { actorOf, READING } from '../../server/actor.ts';
import { readJson } from '../../server/read-body.ts';
import { jsonBody } from '../../server/requests.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { describedToken, hsmTokenDescription } from '../../server/schemas/inventory.ts';
import { key, keyRepresentation } from './wire.ts';
import { sendJson } from '../../server/send.ts';

interface ProofParts {
  readonly authenticator: Authenticator;
  readonly keyRing: KeyRing;
  readonly prover: KeyProver;
}

const request = z
  .strictObject({
    nonce: z
      .string()
      .regex(/^[A-Za-z0-9_-]{8,128}$/, 'use 8 to 128 letters, digits, - and _')
      .optional()
      .meta({ description: 'The asker’s own, which the key signs with the rest; a random one if left out.' }),
  })
  .meta({ id: 'KeyProofRequest' });
const BODY = { schema: request, maxBytes: 1024, maxDepth: 4, tooDeep: 'malformed_json' } as const;

const jwk = z.record(z.string(), z.string());
const answer = z
  .object({
    key,
    token: hsmTokenDescription,
    proven: z.boolean(),
    unproven: z.array(z.string()),
    attributes: z.record(z.string(), z.union([z.boolean(), z.string(), z.number(), z.null()])),
    nonce: z.string(),
    binding_record: z.string(),
    statement: z
      .string()
      .nullable()
      .meta({ description: '`kw-proof+jwt` by the key itself; null where it is not proven.' }),
    evidence: z
      .string()
      .nullable()
      .meta({ description: '`kw-evidence+jwt` by the audit key, which holds all of it.' }),
    audit_key: jwk,
    binding_key: jwk,
  })
  .meta({ id: 'KeyProof' });

const proveKey: Route<ProofParts> = {
  method: 'post',
  path: '/v1/admin/keys/{kid}/prove',
  operation: {
    operationId: 'proveKey',
    summary: 'What the HSM shows of a key now, signed by the key and by the audit key; any role',
    security: [{ operator: [] }],
    requestBody: jsonBody(request, BODY),
    responses: {
      ...json('200', 'Proven, or what is not as it must be', answer),
      ...problems(CODES.operator, CODES.body, CODES.schema, [
        'unknown_key',
        'unknown_hsm_token',
        'hsm_unavailable',
        'hsm_refused',
        'pin_latched',
        'key_unproven',
        'binding_refused',
        'signature_wrong',
        'store_unavailable',
      ]),
    },
  },
  handler:
    ({ authenticator, keyRing, prover }) =>
    async (incoming, response) => {
      const actor = actorOf(authenticator, READING, incoming, response);
      const { nonce = randomBytes(16).toString('base64url') } = await readJson(incoming, BODY);
      const proven = await prover.prove(incoming.params.kid ?? '', nonce, actor);
      sendJson(response, 200, representation(proven, keyRing));
    },
};

export const adminKeyProofRoutes = [proveKey];

function representation(of: ProvenKey, keyRing: KeyRing): z.infer<typeof answer> {
  const scope = keyRing.scope(of.known.key.scopeId);
  if (!scope) throw new KeywardError('unknown_scope', 'there is no scope of this id');
  return {
    key: keyRepresentation(of.known, scope),
    token: describedToken(of.token),
    proven: of.proof.proven,
    unproven: [...of.proof.unproven],
    attributes: { ...of.proof.attributes },
    nonce: of.nonce,
    binding_record: of.known.key.bindingRecord,
    statement: of.statement,
    evidence: of.evidence,
    audit_key: { ...of.auditJwk },
    binding_key: { ...of.bindingJwk },
  };
}
