import { securityEvent } from '../../kernel/security-events.ts';
import { stateless } from '../detection.ts';

/** A token of a compromised key: an honest one that is still about, or the thief's. */
export const compromisedKey = stateless('compromised-key', (fact) => {
  if (fact.kind !== 'verified' || fact.reason !== 'key_compromised' || !fact.token) return undefined;
  const { kid, digest, claims, recorded } = fact.token;
  const honest = recorded === true;
  return securityEvent('token.compromised_key', {
    scope: fact.scope,
    kid,
    client: fact.client,
    // Of honest ones there may be thousands: one event for each key and client.
    digest: honest ? null : digest,
    recorded,
    claims: honest ? null : claims,
  });
});
