import { decodeProtectedHeader } from 'jose/decode/protected_header';
import type { Grants } from '../kernel/actor.ts';
import { DRILL_ISSUER, PROBE_CLIENT, PROBE_SUBJECT, type TokenIssuer } from '../kernel/issuance.ts';
import type { KeyRing } from '../kernel/key.ts';
import type { Probe, UnsentProbe, VerifierProbe } from './probe.ts';

type Keys = Pick<KeyRing, 'scope' | 'scopes' | 'activeKey'>;

/**
 * The drill scope whose token a verifier of that scope is sent, or why there is none: no scope that serves anybody
 * lends its own. Of the same algorithm if there is one, since that hides no leniency behind another refusal.
 */
export function otherScope(
  keyRing: Keys,
  probed: string,
): { readonly scopeId: string } | { readonly why: string } {
  const scopes = keyRing.scopes().filter(({ id, issuer }) => issuer === DRILL_ISSUER && id !== probed);
  const able = scopes.filter(({ id }) => keyRing.activeKey(id) !== undefined);
  const algorithm = keyRing.scope(probed)?.algorithm;
  const found = able.find((scope) => scope.algorithm === algorithm) ?? able[0];
  if (found) return { scopeId: found.id };
  return {
    why:
      scopes.length === 0
        ? `no drill scope; create a scope whose issuer is ${DRILL_ISSUER}`
        : 'no drill scope has a key that signs',
  };
}

/** What rounds leave out as things are. */
export function unsentProbes(keyRing: Keys, probed: string): readonly UnsentProbe[] {
  const other = otherScope(keyRing, probed);
  return 'why' in other ? [{ probe: 'other_scope', why: other.why }] : [];
}

interface ProbeTokenDeps {
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
export function createProbeTokens({ issuer, keyRing, ttlSeconds }: ProbeTokenDeps) {
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
function withAlteredSignature(token: string): string {
  const [header, claims, signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  return [header, claims, bytes.toString('base64url')].join('.');
}

function withoutKid(token: string): string {
  const [, claims, signature] = token.split('.');
  const { kid: _kid, ...others } = decodeProtectedHeader(token);
  return [Buffer.from(JSON.stringify(others)).toString('base64url'), claims, signature].join('.');
}

interface ProbeGrantDeps {
  readonly probes: () => readonly Pick<VerifierProbe, 'scopeId'>[];
  readonly keyRing: Pick<KeyRing, 'scope'>;
}

/**
 * What Keyward itself may sign: probe tokens of scopes for which two persons have had a verifier probed, and of drill
 * scopes, which serve nobody. The signed row of the probe is the grant.
 */
export function createProbeGrants({ probes, keyRing }: ProbeGrantDeps): Grants {
  return {
    allows: (clientId, scopeId, action) =>
      clientId === PROBE_CLIENT &&
      action === 'sign' &&
      (keyRing.scope(scopeId)?.issuer === DRILL_ISSUER ||
        probes().some((probe) => probe.scopeId === scopeId)),
  };
}
