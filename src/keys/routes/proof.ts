import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Authenticator } from '../../kernel/actor.ts';
import { type KeyRing, requireScope } from '../../kernel/key.ts';
import {
  FINDING_KINDS,
  type InventoryReport,
  type KeyProver,
  type ProvenKey,
} from '../../kernel/key-proof.ts';
import type { TokenDescription } from '../../kernel/signer.ts';
import { actorOf, jsonBody, READING } from '../../server/admission.ts';
import { readJson } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import { key, keyRepresentation } from './wire.ts';

/** As they were read from the HSM. */
export const readAttributes = z.record(
  z.string(),
  z.union([z.boolean(), z.string(), z.number(), z.null()]).meta({
    description: 'True, false, a text, a number or null.',
    // Generators of statically typed clients have no type for several primitive ones.
    override: ({ jsonSchema }) => {
      delete jsonSchema.anyOf;
    },
  }),
);

export const hsmTokenDescription = z
  .object({
    label: z.string(),
    serial: z.string(),
    manufacturer: z.string(),
    model: z.string(),
    firmware: z.string(),
  })
  .meta({ id: 'HsmTokenDescription', description: 'As the PKCS#11 module describes it.' });

const finding = z
  .object({
    kind: z.enum(FINDING_KINDS).meta({
      description:
        '`missing`: a half of a key is not there. `unexpected`: no row of the registry accounts for it. `not_destroyed`: of a key that was destroyed. `duplicate`: its id has several. `public_key_differs`, `changed`: not the key that it should be, or not as it must be. `leftover`: under an id that is reserved. `decoy`: a decoy key is not as it was left.',
    }),
    hsm_id: z.string().nullable().meta({ description: 'CKA_ID, hex.' }),
    kid: z.string().nullable(),
    scope: z.string().nullable(),
    details: z.array(z.string()).meta({ examples: [['no private key of this id']] }),
  })
  .meta({ id: 'InventoryFinding' });

export const inventory = z
  .object({
    hsm_token: z.string(),
    taken_at: z.int(),
    token: hsmTokenDescription,
    objects: z.int().meta({ description: 'All objects of the token that the user can see.' }),
    expected: z.int().meta({ description: 'Keys that should be on it.' }),
    proven: z.int().meta({ description: 'Those of them that are as they must be.' }),
    findings: z.array(finding),
    omitted: z.int().meta({ description: 'Findings past a thousand.' }),
  })
  .meta({ id: 'Inventory' });

function describedToken({
  label,
  serial,
  manufacturer,
  model,
  firmware,
}: TokenDescription): z.infer<typeof hsmTokenDescription> {
  return { label, serial, manufacturer, model, firmware };
}

export function inventoryRepresentation(of: InventoryReport): z.infer<typeof inventory> {
  const { objects, expected, proven, omitted } = of;
  return {
    hsm_token: of.hsmToken,
    taken_at: of.takenAt,
    token: describedToken(of.token),
    objects,
    expected,
    proven,
    findings: of.findings.map(({ kind, hsmId, kid, scopeId, details }) => ({
      kind,
      hsm_id: hsmId,
      kid,
      scope: scopeId,
      details: [...details],
    })),
    omitted,
  };
}

interface ProofDeps {
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
    attributes: readAttributes,
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
export type KeyProofAnswer = z.infer<typeof answer>;

const proveKey: Route<ProofDeps> = {
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

function representation(of: ProvenKey, keyRing: KeyRing): KeyProofAnswer {
  const scope = requireScope(keyRing, of.known.key.scopeId);
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
