import type { SigningKey } from '../../src/kernel/key.ts';
import type { Scope } from '../../src/kernel/scope.ts';

export interface ForgedToken {
  /** What is wrong with it. */
  readonly name: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * What a thief would write with a copy of the key at this moment, that no verifier may take: dated after the
 * window or before the key was known, or living longer than its tokens may. Within those bounds only the ledger
 * tells, and after them there is nothing left to write.
 */
export function forgedTokens(key: SigningKey, scope: Scope, now: number): readonly ForgedToken[] {
  const { maxTtlSeconds } = key.binding;
  const token = (name: string, iat: number, exp: number): ForgedToken => ({
    name,
    claims: { iss: scope.issuer, aud: scope.audience, sub: 'thief', jti: 'forged', iat, exp },
  });
  const lastIat = Math.min(key.signUntil, now);
  return [
    ...(now > key.signUntil ? [token('dated after the window', now, now + maxTtlSeconds)] : []),
    ...(key.signUntil > now + 2 * scope.policy.clockSkewSeconds
      ? [token('dated ahead', key.signUntil, key.signUntil + maxTtlSeconds)]
      : []),
    token('dated before the key was published', key.publishedAt - 1, now + maxTtlSeconds),
    token('dated in the window, for longer than allowed', lastIat, lastIat + maxTtlSeconds + 1),
    token('dated in the window, for a year', lastIat, now + 31_536_000),
    // By the verifier's own clock; where that is late, by the skew at most, so is the end.
    ...(key.signUntil + maxTtlSeconds + 2 * scope.policy.clockSkewSeconds < now
      ? [
          token(
            'dated at the end of the window, all by the rules',
            key.signUntil,
            key.signUntil + maxTtlSeconds,
          ),
        ]
      : []),
  ];
}
