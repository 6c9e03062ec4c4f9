import { createHash } from 'node:crypto';
import type { Revocation } from '../kernel/revocation.ts';
import type { RevokedTokens } from '../kernel/publication.ts';

/** The client that asked for a token stands in the ledger alone. */
export function revokedTokens(rule: Revocation): RevokedTokens {
  const { sequence, jti, root, clientId, issuedFrom, issuedUntil, lapsesAt } = rule;
  return {
    sequence,
    jtiHash: hashed(jti),
    rootHash: hashed(root),
    issuedFrom,
    issuedUntil,
    ask: clientId !== null,
    lapsesAt,
  };
}

function hashed(name: string | null): string | null {
  return name === null ? null : createHash('sha256').update(name).digest('base64url');
}
