import { describe, expect, it } from 'vitest';
import { judgingVerifier } from '../../support/judging-verifier.ts';
import { aScope, aSigningKey, SoftwareKeyRing, signedBy, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const keyRing = new SoftwareKeyRing();
const verifier = judgingVerifier({ keyRing, clock: { nowSeconds: () => NOW } });

// Equal issuers with other audiences, equal audiences with other issuers, and other algorithms.
const scopes = ['a', 'b', 'c'].flatMap((issuer) =>
  (['ES256', 'ES384', 'Ed25519'] as const).map((algorithm, index) => {
    const scope = aScope({
      id: `${issuer}-${index}`,
      issuer: `https://${issuer}.example.com`,
      audience: `audience-${index % 2}`,
      algorithm,
    });
    const pair = softwareKey(algorithm);
    keyRing.put(scope, aSigningKey(scope, pair, { signFrom: NOW - 60, signUntil: NOW + 60 }));
    return { scope, pair };
  }),
);

/** A token of one scope's key; `for` is whose issuer and audience it claims. */
function token({ scope, pair }: (typeof scopes)[number], forScope = scope): string {
  const times = { iat: NOW, exp: NOW + 300 };
  const who = { sub: 'u', jti: 'j', client_id: 'c' };
  const header = { alg: scope.algorithm, typ: 'at+jwt', kid: pair.kid };
  return signedBy(pair, header, { iss: forScope.issuer, aud: forScope.audience, ...times, ...who });
}

describe('I4: tokens of every scope against every scope', () => {
  it('accepts exactly the diagonal', async () => {
    for (const [row, issued] of scopes.entries()) {
      for (const [column, { scope }] of scopes.entries()) {
        const verdict = await verifier.verify(scope.id, token(issued));
        expect(verdict).toMatchObject(
          row === column ? { valid: true } : { valid: false, reason: 'wrong_scope' },
        );
      }
    }
  });

  it('accepts no key of another scope, even where it claims the right issuer and audience', async () => {
    for (const [row, issued] of scopes.entries()) {
      for (const [column, { scope }] of scopes.entries()) {
        if (row === column) continue;
        expect(await verifier.verify(scope.id, token(issued, scope))).toEqual({
          valid: false,
          reason: 'wrong_scope',
        });
      }
    }
  });
});
