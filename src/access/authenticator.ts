import { hash, timingSafeEqual } from 'node:crypto';
import type { Authenticator } from '../kernel/actor.ts';
import type { CredentialKind } from '../domain/access-store.ts';
import { type Credential, readCredential } from '../kernel/credential.ts';
import { KeywardError } from '../kernel/errors.ts';
import { bearerToken, malformedCredential } from './bearer.ts';
import type { Directory } from './directory.ts';

export function createAuthenticator(directory: Directory): Authenticator {
  const byBearer = (kind: CredentialKind, authorization: string | undefined) => {
    const credential = readCredential(bearerToken(authorization));
    if (credential === 'malformed') throw malformedCredential();
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

/** One answer for unknown, revoked, another's and meant for the other plane: it tells a guesser nothing. */
function invalid(): KeywardError {
  return new KeywardError('credential_invalid', 'The credential is not valid here.');
}

function malformedSecret(): KeywardError {
  return new KeywardError(
    'credential_malformed',
    'The client secret is no Keyward credential: send kw_svc_…, complete and unchanged.',
  );
}
