import { timingSafeEqual } from 'node:crypto';
import type { Authenticator } from '../domain/access.ts';
import type { CredentialKind } from '../domain/access-store.ts';
import { readCredential } from '../domain/credential.ts';
import { KeywardError } from '../domain/errors.ts';
import { bearerToken, malformedCredential } from './bearer.ts';
import type { Directory } from './directory.ts';

export function createAuthenticator(directory: Directory): Authenticator {
  return {
    client: (authorization) => present(directory.client(holder(directory, 'svc', authorization))),
    operator: (authorization) => present(directory.operator(holder(directory, 'ops', authorization))),
  };
}

function holder(directory: Directory, kind: CredentialKind, authorization: string | undefined): string {
  const credential = readCredential(bearerToken(authorization));
  if (credential === 'malformed') throw malformedCredential();
  const found = directory.credential(credential.digest);
  const matches = found !== undefined && timingSafeEqual(found.digest, credential.digest);
  if (!matches || found.kind !== kind || found.kind !== credential.kind) throw invalid();
  return found.holderId;
}

function present<T extends { readonly revokedAt: number | null }>(found: T | undefined): T {
  if (found === undefined || found.revokedAt !== null) throw invalid();
  return found;
}

/** One answer for unknown, revoked and meant for the other plane: it tells a guesser nothing. */
function invalid(): KeywardError {
  return new KeywardError('credential_invalid', 'The credential is not valid here.');
}
