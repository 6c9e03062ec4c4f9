import type { TokenIssuer } from '../kernel/issuance.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import { PROBE_CLIENT, PROBE_SUBJECT, type Probe } from '../kernel/verifier-probe.ts';
import { otherScope } from '../watch/probing/other-scope.ts';

export interface ProbeTokenParts {
  /** Which lets `PROBE_CLIENT` have tokens, and nobody else. */
  readonly issuer: Pick<TokenIssuer, 'issue'>;
  readonly keyRing: Pick<KeyRing, 'scope' | 'scopes' | 'activeKey'>;
  readonly ttlSeconds: number;
}

/** What one round sends. */
export interface RoundTokens {
  readonly tokens: readonly (readonly [Exclude<Probe, 'expired'>, string])[];
  /** From when on a verifier that keeps to the policy refuses the fresh one, however late its clock is within it. */
  readonly expiredAt: number;
}

/**
 * Tokens for a round: recorded ones of the reserved subject, and altered copies of them, which no signature fits. All
 * that `TokenIssuer.issue` refuses with.
 */
export function createProbeTokens({ issuer, keyRing, ttlSeconds }: ProbeTokenParts) {
  const issue = (scopeId: string) =>
    issuer.issue({
      scopeId,
      clientId: PROBE_CLIENT,
      claims: { sub: PROBE_SUBJECT },
      ttlSeconds: Math.min(ttlSeconds, keyRing.scope(scopeId)?.policy.maxTtlSeconds ?? ttlSeconds),
    });
  return async (scopeId: string): Promise<RoundTokens> => {
    const { token, exp } = await issue(scopeId);
    const other = otherScope(keyRing, scopeId);
    const skew = keyRing.scope(scopeId)?.policy.clockSkewSeconds ?? 0;
    return {
      tokens: [
        ['fresh', token],
        ['altered_signature', withAlteredSignature(token)],
        ['without_kid', withoutKid(token)],
        ...('why' in other ? [] : [['other_scope', (await issue(other.scopeId)).token] as const]),
      ],
      expiredAt: exp + 2 * skew + 1,
    };
  };
}

/** The lowest bit of the byte in the middle: still a signature by its form, and by nobody. */
export function withAlteredSignature(token: string): string {
  const [header, claims, signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  return [header, claims, bytes.toString('base64url')].join('.');
}

export function withoutKid(token: string): string {
  const [header = '', claims, signature] = token.split('.');
  const { kid: _kid, ...others } = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<
    string,
    unknown
  >;
  return [Buffer.from(JSON.stringify(others)).toString('base64url'), claims, signature].join('.');
}
