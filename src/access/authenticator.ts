import { hash, timingSafeEqual } from 'node:crypto';
import type { Authenticator, CredentialKind, Operator, Role } from '../kernel/actor.ts';
import { type Credential, readCredential } from '../kernel/credential.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { Directory } from './directory.ts';
import { holdsRole } from './proposal.ts';

/** No credential of ours comes near it. */
const LONGEST_HEADER = 256;
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** The token of an `Authorization` header (RFC 6750 §2.1). `credential_missing`, `credential_malformed`. */
export function bearerToken(authorization: string | undefined): string {
  if (!authorization) {
    throw new KeywardError('credential_missing', 'Send your credential as `Authorization: Bearer kw_…`.');
  }
  const token = readBearer(authorization);
  if (token === undefined) throw malformedCredential();
  return token;
}

/** The same; undefined where there is none, or nothing of that form. */
function readBearer(authorization: string | undefined): string | undefined {
  if (!authorization || authorization.length > LONGEST_HEADER) return undefined;
  return BEARER.exec(authorization)?.[1];
}

function malformedCredential(): KeywardError {
  return new KeywardError(
    'credential_malformed',
    'This is no Keyward credential: send `Authorization: Bearer kw_…`, complete and unchanged.',
  );
}

export function createAuthenticator(directory: Directory): Authenticator {
  const byBearer = (kind: CredentialKind, authorization: string | undefined) => {
    const credential = readCredential(bearerToken(authorization));
    if (credential === 'malformed') throw malformedCredential();
    if (credential.kind !== kind) throw otherKind(kind);
    return holder(directory, kind, credential);
  };
  return {
    client: (authorization) => present(directory.client(byBearer('svc', authorization))),
    clientSecret({ clientId, secret }) {
      const credential = readCredential(secret);
      if (credential === 'malformed') throw malformedSecret();
      const holderId = holder(directory, 'svc', credential);
      if (!isSameText(holderId, clientId)) throw invalid();
      return present(directory.client(holderId));
    },
    operator: (authorization) => present(directory.operator(byBearer('ops', authorization))),
  };
}

function holder(directory: Directory, kind: CredentialKind, credential: Credential): string {
  const found = directory.credential(credential.digest);
  const matches = found !== undefined && timingSafeEqual(found.digest, credential.digest);
  if (!matches || found.kind !== kind || found.kind !== credential.kind) throw invalid();
  return found.holderId;
}

function isSameText(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'));
}

function present<T extends { readonly revokedAt: number | null }>(found: T | undefined): T {
  if (found === undefined || found.revokedAt !== null) throw invalid();
  return found;
}

/** One answer for unknown, revoked and another's: it tells a guesser nothing. */
function invalid(): KeywardError {
  return new KeywardError('credential_invalid', 'The credential is not valid here.');
}

/** Whatever is known of the credential, which says itself what it is for. */
function otherKind(wanted: CredentialKind): KeywardError {
  const said = {
    svc: 'This is the credential of an operator (kw_ops_…); this takes the credential of a client (kw_svc_…).',
    ops: 'This is the credential of a client (kw_svc_…); this takes the credential of an operator (kw_ops_…).',
  };
  return new KeywardError('credential_invalid', said[wanted]);
}

function malformedSecret(): KeywardError {
  return new KeywardError(
    'credential_malformed',
    'The client secret is no Keyward credential: send kw_svc_…, complete and unchanged.',
  );
}

/** `role_missing` for who stands no more, and for who does not hold the role. */
export function requireRole(operator: Operator | undefined, role: Role): void {
  if (holdsRole(operator, role)) return;
  throw new KeywardError('role_missing', `this needs the role ${role}`);
}
