import { hash } from 'node:crypto';
import { algorithmNamed } from '../kernel/algorithm.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { PublicJwk } from '../kernel/key.ts';
import type { AttributesRead, KeyProofStatement, ProvingToken } from '../kernel/key-proof.ts';
import { isObject } from '../lib/json.ts';
import { isCount, isDigest, matches } from './claim-checks.ts';
import { parseToken } from './parse-token.ts';
import { importPublicKey, thumbprint } from './public-jwk.ts';
import { verifySignatureSync } from './signature.ts';
import { composeSigningInput } from './signing-input.ts';
import { type Claims, isStatementHeader } from './statement.ts';

export const KEY_PROOF_TYP = 'kw-proof+jwt';
/** No scope's: those are URLs. With an `exp` that is past as it is made, no verifier takes it for a token. */
const ISSUER = 'urn:keyward:signer';
const AUDIENCE = 'urn:keyward:auditor';

/** The signing input that the signer composes, and takes from nobody. */
export function composeKeyProof(
  proof: Omit<KeyProofStatement, 'bindingDigest'> & { readonly bindingRecord: string },
): string {
  const { label, serial, manufacturer, model, firmware } = proof.token;
  const claims = {
    iss: ISSUER,
    aud: AUDIENCE,
    iat: proof.iat,
    exp: proof.iat,
    nonce: proof.nonce,
    kid: proof.kid,
    hsm_id: proof.hsmId,
    binding_digest: bindingDigest(proof.bindingRecord),
    mechanism: proof.mechanism,
    attributes: proof.attributes,
    token: { label, serial, manufacturer, model, firmware },
  };
  const header = { alg: proof.algorithm, typ: KEY_PROOF_TYP, kid: proof.kid };
  return composeSigningInput(header, JSON.stringify(claims));
}

export function bindingDigest(bindingRecord: string): string {
  return hash('sha256', bindingRecord, 'base64url');
}

/**
 * `key_unproven` unless the key signed it, as a proof, with those members and no other. Does not use jose,
 * which is asynchronous: `keyEvidenceIn` calls it.
 */
export function readKeyProof(jws: string, publicJwk: PublicJwk): KeyProofStatement {
  const parsed = parseToken(jws);
  if (!parsed.ok) refuse(`is malformed: ${parsed.problem}`);
  const { header, claims, signingInput, signature } = parsed.token;
  const kid = thumbprint(publicJwk);
  const algorithm = algorithmNamed(header.alg);
  if (!algorithm || !isStatementHeader(header, KEY_PROOF_TYP, kid, algorithm)) refuse('has another header');
  if (!verifySignatureSync(algorithm, importPublicKey(publicJwk), signingInput, signature)) {
    refuse('has a wrong signature');
  }
  const wrong = Object.entries(MEMBERS).find(([name, isRight]) => !isRight(claims[name], claims));
  if (wrong) refuse(`has no right ${wrong[0]}`);
  if (Object.keys(claims).length !== Object.keys(MEMBERS).length) refuse('has a member too many');
  if (claims.kid !== kid) refuse('names another key');
  return {
    kid,
    algorithm,
    hsmId: claims.hsm_id as string,
    bindingDigest: claims.binding_digest as string,
    attributes: claims.attributes as AttributesRead,
    mechanism: claims.mechanism as KeyProofStatement['mechanism'],
    token: claims.token as ProvingToken,
    nonce: claims.nonce as string,
    iat: claims.iat as number,
  };
}

type Check = (value: unknown, claims: Claims) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isValue: Check = (value) => value === null || ['boolean', 'string', 'number'].includes(typeof value);

const hasMembers =
  (members: Readonly<Record<string, Check>>): Check =>
  (value, claims) =>
    isObject(value) &&
    Object.keys(value).length === Object.keys(members).length &&
    Object.entries(members).every(([name, isRight]) => isRight(value[name], claims));

const MEMBERS = {
  iss: (value) => value === ISSUER,
  aud: (value) => value === AUDIENCE,
  iat: isCount,
  exp: (value, { iat }) => value === iat,
  nonce: matches(/^[A-Za-z0-9_-]{8,128}$/),
  kid: isDigest,
  hsm_id: matches(/^[0-9a-f]{32}$/),
  binding_digest: isDigest,
  mechanism: hasMembers({ name: matches(/^CKM_[A-Z0-9_]+$/), number: isCount }),
  attributes: (value, claims) =>
    isObject(value) && Object.values(value).every((each) => isValue(each, claims)),
  token: hasMembers({
    label: isText,
    serial: isText,
    manufacturer: isText,
    model: isText,
    firmware: isText,
  }),
} as const satisfies Record<string, Check>;

function refuse(flaw: string): never {
  throw new KeywardError('key_unproven', `the proof by the key itself ${flaw}`);
}
