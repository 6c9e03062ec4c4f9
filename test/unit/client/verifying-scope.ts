import { expect, onTestFinished, vi } from 'vitest';
import { TokenRefused, type VerifierProblem } from '../../../src/client/errors.ts';
import type { VerifierOptions } from '../../../src/client/options.ts';
import { type Surroundings, SYSTEM } from '../../../src/client/time.ts';
import { type Verifier, verifierIn } from '../../../src/client/verifier.ts';
import type { Revocation } from '../../../src/kernel/revocation.ts';
import type { Scope } from '../../../src/kernel/scope.ts';
import { createKeyRing } from '../../../src/keys/key-ring.ts';
import type { DataPlaneDeps } from '../../support/planes.ts';
import { aScope, aSigningKey, signedBy, softwareKey } from '../../support/software-keys.ts';
import { VERIFIES, verifyingService } from '../../support/verifying-service.ts';

export const issuedAt = Math.floor(Date.now() / 1_000);

/** A scope with an active key and a standby, a service in front of it, and tokens as that service would issue them. */
export async function verifyingScope({
  policy = {},
  deps = {},
}: {
  policy?: Partial<Scope['policy']>;
  deps?: Partial<DataPlaneDeps>;
} = {}) {
  const scope = aScope({ id: 'payments' });
  const scoped: Scope = { ...scope, policy: { ...scope.policy, ...policy } };
  const [activeKey, standbyKey] = [softwareKey('ES256'), softwareKey('ES256')];
  const window = { signFrom: issuedAt - 3_600, signUntil: issuedAt + 3_600 };
  const active = aSigningKey(scoped, activeKey, window);
  const standby = aSigningKey(scoped, standbyKey, {
    state: 'pre_activation',
    signFrom: null,
    signUntil: issuedAt + 7_200,
    createdAt: issuedAt,
  });
  const ring = createKeyRing();
  ring.put({ scopes: [scoped], keys: [active, standby] });
  const clock = { nowSeconds: () => Math.floor(Date.now() / 1_000) };
  const service = await verifyingService(ring, clock, deps);

  const problems: VerifierProblem[] = [];
  const verifier = (
    options: Partial<VerifierOptions> = {},
    surroundings: Surroundings = SYSTEM,
  ): Verifier => {
    const made = verifierIn(
      {
        url: service.url,
        scope: scope.id,
        issuer: scope.issuer,
        audience: scope.audience,
        credential: VERIFIES,
        onProblem: (problem) => problems.push(problem),
        ...options,
      },
      surroundings,
    );
    onTestFinished(() => made.close());
    return made;
  };
  const following = async (options: Partial<VerifierOptions> = {}, surroundings?: Surroundings) => {
    const made = verifier(options, surroundings);
    await follows(made);
    return made;
  };
  let tokens = 0;
  const token = (claims: object = {}, by = activeKey) =>
    signedBy(
      by,
      { alg: 'ES256', typ: 'JWT', kid: by.kid },
      {
        iss: scope.issuer,
        aud: scope.audience,
        iat: issuedAt,
        exp: issuedAt + 300,
        sub: 'alice',
        jti: `jti-${tokens++}`,
        ...claims,
      },
    );
  const revoke = (rule: Partial<Revocation>) => {
    const revocation: Revocation = {
      sequence: service.rules.length + 1,
      scopeId: 'payments',
      jti: null,
      root: null,
      clientId: null,
      issuedFrom: null,
      issuedUntil: null,
      createdAt: issuedAt,
      lapsesAt: issuedAt + 90_000,
      revokedBy: 'ada',
      reason: '',
      ...rule,
    };
    service.rules.push(revocation);
    service.revoked.emit(revocation);
  };
  return {
    scope: scoped,
    ring,
    active,
    standby,
    activeKey,
    standbyKey,
    service,
    problems,
    verifier,
    following,
    token,
    revoke,
  };
}

export async function follows(verifier: Verifier): Promise<void> {
  await vi.waitFor(() => expect(verifier.status().events).toBe('following'), 10_000);
}

/** `valid`, the reason of the refusal, or the name of any other error. */
export async function verdict(verifier: Verifier, token: string): Promise<string> {
  try {
    await verifier.verify(token);
    return 'valid';
  } catch (error) {
    if (error instanceof TokenRefused) return error.reason;
    return error instanceof Error ? error.name : String(error);
  }
}

/** Settles once the verdict is that; what takes a moment to arrive is waited for. */
export async function becomes(verifier: Verifier, token: string, expected: string): Promise<void> {
  await vi.waitFor(async () => expect(await verdict(verifier, token)).toBe(expected), 10_000);
}
