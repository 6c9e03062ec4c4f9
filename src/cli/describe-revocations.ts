import type { RevocationAnswer } from './answers.ts';
import type { Context } from './context.ts';
import { table } from './text.ts';
import { humanTime } from './time.ts';

/** Rules, a line each. */
export function describeRevocations(revocations: readonly RevocationAnswer[], { terminal }: Context): string {
  const time = (seconds: number | null) => (seconds === null ? '-' : humanTime(seconds, terminal.nowSeconds));
  return table(
    ['sequence', 'scope', 'tokens', 'issued from', 'issued until', 'revoked', 'by', 'reason'],
    revocations.map((revocation) => [
      String(revocation.sequence),
      revocation.scope ?? 'all',
      [tokensOf(revocation), 'bold'],
      time(revocation.issued_from),
      time(revocation.issued_until),
      time(revocation.created_at),
      revocation.revoked_by,
      revocation.reason || '-',
    ]),
    terminal.colour,
  );
}

function tokensOf({ jti, root, client }: RevocationAnswer): string {
  const named = Object.entries({ jti, root, client }).filter(([, value]) => value !== null);
  return named.map(([member, value]) => `${member} ${value}`).join(', ') || 'all';
}
