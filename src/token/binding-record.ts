import { algorithmNamed } from '../kernel/algorithm.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { Binding } from '../kernel/key.ts';
import { isCount, isDigest, matches } from './claim-checks.ts';
import { parseToken } from './parse-token.ts';
import { verifySignatureSync } from './signature.ts';
import { composeSigningInput } from './signing-input.ts';
import { type Claims, isStatementHeader, SERVICE_ALGORITHM, type StatementKey } from './statement.ts';

export const BINDING_TYP = 'kw-binding+jwt';

/** The registry key, or the binding key of a further HSM token. */
export type BindingIssuer = StatementKey;

/** The signing input of the record that the token's registry or binding key signs: what a key is for (I1). `iat` in seconds. */
export function composeBindingRecord(binding: Binding, bindingIssuerKid: string, iat: number): string {
  const claims = {
    kid: binding.kid,
    scope: binding.scope,
    issuer: binding.issuer,
    audience: binding.audience,
    alg: binding.algorithm,
    hsm_id: binding.hsmId,
    sign_from: binding.signFrom,
    sign_until: binding.signUntil,
    max_ttl_seconds: binding.maxTtlSeconds,
    iat,
  };
  return composeSigningInput(
    { alg: SERVICE_ALGORITHM, typ: BINDING_TYP, kid: bindingIssuerKid },
    JSON.stringify(claims),
  );
}

/**
 * The binding that a compact JWS vouches for. `binding_refused` unless that key signed it, as a binding
 * record, with exactly the members it must have. Does not use jose, which is asynchronous: the signer
 * reads a record in the same turn in which it seals or destroys.
 */
export function readBindingRecord(jws: string, bindingIssuer: BindingIssuer): Binding {
  return readIssuedBinding(jws, new Map([[bindingIssuer.kid, bindingIssuer]]));
}

/** The same where one of several keys may have signed it. */
export function readIssuedBinding(jws: string, bindingIssuers: ReadonlyMap<string, BindingIssuer>): Binding {
  const parsed = parseToken(jws);
  if (!parsed.ok) refuse(`is malformed: ${parsed.problem}`);
  const { header, claims, signingInput, signature } = parsed.token;
  const bindingIssuer = bindingIssuers.get(header.kid);
  if (!bindingIssuer || !isStatementHeader(header, BINDING_TYP, bindingIssuer.kid))
    refuse('has another header');
  if (!verifySignatureSync(SERVICE_ALGORITHM, bindingIssuer.publicKey, signingInput, signature)) {
    refuse('has a wrong signature');
  }
  return readBinding(claims);
}

type Check = (value: unknown) => boolean;

const MEMBERS = {
  kid: isDigest,
  scope: matches(/^[a-z0-9-]{1,63}$/),
  issuer: matches(/^.{1,512}$/su),
  audience: matches(/^.{1,512}$/su),
  alg: (value) => typeof value === 'string' && algorithmNamed(value) !== undefined,
  hsm_id: matches(/^[0-9a-f]{32}$/),
  sign_from: isCount,
  sign_until: isCount,
  max_ttl_seconds: (value) => isCount(value) && value !== 0,
  iat: isCount,
} as const satisfies Record<string, Check>;

function readBinding(claims: Claims): Binding {
  const unknown = Object.keys(claims).find((name) => !Object.hasOwn(MEMBERS, name));
  if (unknown !== undefined) refuse('has a member too many');
  for (const [name, isRight] of Object.entries(MEMBERS)) {
    if (!Object.hasOwn(claims, name) || !isRight(claims[name])) refuse(`has no right ${name}`);
  }
  const binding = {
    kid: claims.kid,
    scope: claims.scope,
    issuer: claims.issuer,
    audience: claims.audience,
    algorithm: claims.alg,
    hsmId: claims.hsm_id,
    signFrom: claims.sign_from,
    signUntil: claims.sign_until,
    maxTtlSeconds: claims.max_ttl_seconds,
  } as Binding;
  if (binding.signFrom >= binding.signUntil) refuse('has a window that ends before it begins');
  return binding;
}

function refuse(flaw: string): never {
  throw new KeywardError('binding_refused', `the binding record ${flaw}`);
}
