import { KeywardError } from '../kernel/errors.ts';
import { KEY_STATES } from '../kernel/key.ts';
import { areAsRequired, type KeyEvidenceStatement } from '../kernel/key-proof.ts';
import { type BindingIssuer, readIssuedBinding } from './binding-record.ts';
import type { AuditPublicKey } from './checkpoint.ts';
import { bindingDigest, readKeyProof } from './key-proof.ts';
import { parseToken } from './parse-token.ts';
import { readPublicJwk, thumbprint } from './public-jwk.ts';
import { composeSigningInput } from './signing-input.ts';
import { type Claims, isSignedBy, isStatementHeader, SERVICE_ALGORITHM } from './statement.ts';

export const KEY_EVIDENCE_TYP = 'kw-evidence+jwt';
/** It holds two statements and a public key; those of RSA are the long ones. */
const MAX_KEY_EVIDENCE_LENGTH = 32 * 1024;
const MEMBERS = ['iat', 'jwk', 'proof', 'binding_record', 'state', 'hsm_token'];

/** The signing input of the statement by which the audit key stands for a proof, for whoever audits. */
export function composeKeyEvidence(
  evidence: {
    readonly publicJwk: object;
    readonly proof: string;
    readonly bindingRecord: string;
    readonly state: string;
    readonly hsmToken: string;
    readonly iat: number;
  },
  auditKid: string,
): string {
  const claims = {
    iat: evidence.iat,
    jwk: evidence.publicJwk,
    proof: evidence.proof,
    binding_record: evidence.bindingRecord,
    state: evidence.state,
    hsm_token: evidence.hsmToken,
  };
  const header = { alg: SERVICE_ALGORITHM, typ: KEY_EVIDENCE_TYP, kid: auditKid } as const;
  return composeSigningInput(header, JSON.stringify(claims));
}

/**
 * Verifies all of it with public keys alone: the audit key's signature, the binding record by one of the vouchers,
 * the proof by the key itself, and that they speak of one key. `key_unproven` says what does not hold.
 */
export async function readKeyEvidence(
  jws: string,
  auditKey: AuditPublicKey,
  bindingIssuers: ReadonlyMap<string, BindingIssuer>,
): Promise<KeyEvidenceStatement> {
  const parsed = parseToken(jws, MAX_KEY_EVIDENCE_LENGTH);
  if (!parsed.ok) refuse(`is malformed: ${parsed.problem}`);
  const { header, claims } = parsed.token;
  if (!isStatementHeader(header, KEY_EVIDENCE_TYP, auditKey.kid)) refuse('is not by the audit key');
  if (!(await isSignedBy(jws, auditKey.publicKey))) refuse('has a wrong signature');
  return keyEvidenceIn(claims, bindingIssuers);
}

/**
 * What the claims say, once everything that they hold was verified. The signer calls it before it signs them, in the
 * same turn: that is why it does not use jose, which is asynchronous.
 */
export function keyEvidenceIn(
  claims: Claims,
  bindingIssuers: ReadonlyMap<string, BindingIssuer>,
): KeyEvidenceStatement {
  const { iat, jwk, proof: proofJws, binding_record: record, state, hsm_token: hsmToken } = claims;
  const isWhole = Object.keys(claims).length === MEMBERS.length;
  if (!isWhole || !MEMBERS.every((name) => Object.hasOwn(claims, name))) refuse('has other members');
  if (!Number.isSafeInteger(iat) || typeof hsmToken !== 'string') refuse('has no time or no HSM token');
  if (!(KEY_STATES as readonly unknown[]).includes(state)) refuse('has no state');
  if (typeof proofJws !== 'string' || typeof record !== 'string')
    refuse('holds no proof or no binding record');
  const publicJwk = readPublicJwk(jwk);
  if (Object.keys(jwk as object).length !== Object.keys(publicJwk).length)
    refuse('holds more than a public key');
  const binding = readIssuedBinding(record, bindingIssuers);
  const proof = readKeyProof(proofJws, publicJwk);
  const agreements = [
    ['binds another key', binding.kid === thumbprint(publicJwk)],
    ['is of another algorithm', binding.algorithm === proof.algorithm],
    ['is of another object of the HSM', binding.hsmId === proof.hsmId],
    ['was held against another binding record', bindingDigest(record) === proof.bindingDigest],
    ['shows attributes that do not prove it non-exportable', areAsRequired(proof.attributes)],
  ] as const;
  const broken = agreements.find(([, holds]) => !holds);
  if (broken) refuse(broken[0]);
  return { proof, binding, publicJwk, state: state as string, hsmToken, iat: iat as number };
}

function refuse(flaw: string): never {
  throw new KeywardError('key_unproven', `the statement ${flaw}`);
}
