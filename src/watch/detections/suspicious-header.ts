import { securityEvent } from '../../kernel/security-events.ts';
import { hourOf } from '../../lib/durations.ts';
import { stateless } from '../detection.ts';

/** A header that brings a key along, names another or changes what is signed: somebody tries the verifiers. */
export const suspiciousHeader = stateless('suspicious-header', (fact) => {
  if (fact.kind !== 'verified' || fact.suspiciousHeader === null) return undefined;
  const { scope, client, suspiciousHeader: member, at } = fact;
  return securityEvent('token.suspicious_header', { scope, client, member, since: hourOf(at) });
});
