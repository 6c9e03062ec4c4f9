import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALGORITHM_NAMES } from '../../../src/kernel/algorithm.ts';
import { REFUSAL_REASONS } from '../../../src/kernel/verification.ts';
import { introspect } from '../../../src/verification/introspect.ts';
import { forge, goodClaims, goodHeader } from '../../corpus/forge.ts';
import { mutation } from '../../corpus/mutations.ts';
import { createWorld, NOW } from '../../corpus/world.ts';
import { judgingVerifier } from '../../support/judging-verifier.ts';

const world = createWorld();
const verifier = judgingVerifier({ keyRing: world.keyRing, clock: { nowSeconds: () => NOW } });
const algorithm = fc.constantFrom(...ALGORITHM_NAMES);
const verify = (name: (typeof ALGORITHM_NAMES)[number], token: unknown) =>
  verifier.verify(world.scopeOf(name).id, token as string);

describe('a token changed in any way', () => {
  it('is refused with a reason, unless nothing has changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        algorithm,
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        async (name, mutations) => {
          const token = forge(world, name) as string;
          const mutated = mutations.reduce((text, mutate) => mutate(text), token);
          const verdict = await verify(name, mutated);
          expect(verdict.valid).toBe(mutated === token);
          if (!verdict.valid) expect(REFUSAL_REASONS).toContain(verdict.reason);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('is refused with each single bit of its bytes flipped', async () => {
    for (const name of ['ES256', 'Ed25519'] as const) {
      const parts = (forge(world, name) as string).split('.').map((part) => Buffer.from(part, 'base64url'));
      for (const [index, bytes] of parts.entries()) {
        for (let bit = 0; bit < bytes.length * 8; bit++) {
          const flipped = parts.map((part) => Buffer.from(part));
          const target = flipped[index] ?? Buffer.alloc(0);
          target[bit >> 3] = (target[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          const token = flipped.map((part) => part.toString('base64url')).join('.');
          expect(await verify(name, token)).toMatchObject({ valid: false });
        }
      }
    }
  });
});

describe('anything at all in place of a token', () => {
  it('is refused as malformed', async () => {
    const compact = fc.array(
      fc.base64String().map((text) => text.replace(/[+/=]/g, '')),
      { minLength: 1, maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.anything(),
          fc.string(),
          compact.map((parts) => parts.join('.')),
        ),
        async (text) => {
          expect(await verify('ES256', text)).toMatchObject({ valid: false, reason: 'malformed' });
          expect(await introspect(verifier, 'payments', text as string)).toEqual({ active: false });
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

const anyValue = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(NOW, NOW + 300, NOW - 1_000, 1e308, -0, '', 'ES256', 'at+jwt', 'https://login.example.com'),
);
const members = (names: string[]) => fc.dictionary(fc.constantFrom(...names), anyValue, { maxKeys: 3 });

describe('whatever the right key has signed', () => {
  it('is accepted only with the claims and headers of its scope', async () => {
    const headers = members(['alg', 'typ', 'kid', 'jku', 'crit', 'cty', 'x']);
    const claims = members(['iss', 'aud', 'exp', 'iat', 'nbf', 'jti', 'sub', 'client_id', 'scope', 'x']);
    await fc.assert(
      fc.asyncProperty(algorithm, headers, claims, async (name, header, claim) => {
        const verdict = await verify(name, forge(world, name, { header, claims: claim }));
        if (!verdict.valid) {
          expect(REFUSAL_REASONS).toContain(verdict.reason);
          expect(Object.keys({ ...header, ...claim })).not.toEqual([]);
          return;
        }
        const { alg, kid, jku, crit } = { ...goodHeader(world, name), ...header } as Record<string, unknown>;
        const { iss, aud } = goodClaims(world, name);
        expect({ alg, kid, jku, crit }).toEqual({ alg: name, kid: world.key(name).kid });
        expect(verdict.claims.iss).toBe(iss);
        expect([verdict.claims.aud].flat()).toEqual([aud]);
        const { exp, iat, nbf = NOW } = verdict.claims as { exp: number; iat: number; nbf?: number };
        expect(exp).toBeGreaterThan(NOW - 30);
        expect(exp - iat).toBeLessThanOrEqual(3_600);
        expect(Math.max(iat, nbf)).toBeLessThanOrEqual(NOW + 30);
      }),
      { numRuns: 2_000 },
    );
  });
});
