import { securityEvent } from '../../kernel/security-events.ts';
import { PROBE_SUBJECT } from '../../kernel/verifier-probe.ts';
import { stateless } from '../detection.ts';

/**
 * A token that the key of one scope signed, shown for another: what opened the mailboxes of 2023. One that is on
 * record came in at the wrong door; one that names the scope it is shown for was made to deceive.
 */
export const crossScope = stateless('cross-scope', (fact) => {
  if (fact.kind !== 'verified' || fact.reason !== 'wrong_scope' || !fact.token) return undefined;
  const { kid, keyScope, digest, claims, namesScope, recorded } = fact.token;
  // Sent by Keyward itself, to see that it is refused; a forged one of that subject is not on record.
  if (claims.sub === PROBE_SUBJECT && recorded) return undefined;
  const honest = recorded === true && !namesScope;
  return securityEvent('token.cross_scope', {
    scope: fact.scope,
    key_scope: keyScope,
    kid,
    client: fact.client,
    // Of a caller at the wrong door there may be thousands: one event for each door, key and client.
    digest: honest ? null : digest,
    names_scope: namesScope,
    recorded,
    claims: honest ? null : claims,
  });
});
