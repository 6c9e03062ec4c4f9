import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';

const ISSUER = 'https://login.example';
const AUDIENCE = 'https://api.example';

/** Every algorithm, equal audiences with other issuers, and equal issuers with other audiences. */
const SCOPES = [
  { id: 'es256', algorithm: 'ES256' },
  { id: 'es384', algorithm: 'ES384' },
  { id: 'rs256', algorithm: 'RS256' },
  { id: 'ps256', algorithm: 'PS256', modulus_bits: 3072 },
  { id: 'ed25519', algorithm: 'Ed25519' },
  { id: 'eddsa', algorithm: 'EdDSA' },
  { id: 'audience-a', issuer: ISSUER, audience: 'https://a.example' },
  { id: 'audience-b', issuer: ISSUER, audience: 'https://b.example' },
  { id: 'issuer-a', issuer: 'https://a.login.example', audience: AUDIENCE },
  { id: 'issuer-b', issuer: 'https://b.login.example', audience: AUDIENCE },
] as const;
const IDS = SCOPES.map(({ id }) => id);

let service: RunningService;
const credentials = new Map<string, { sign: string; verify: string }>();
const tokens = new Map<string, string>();

beforeAll(async () => {
  service = await startService();
  for (const scope of SCOPES) {
    const { sign, verify } = await service.provision(scope);
    credentials.set(scope.id, { sign, verify });
    const { body } = await service.data('POST', `/v1/scopes/${scope.id}/tokens`, sign, {
      claims: { sub: 'alice' },
    });
    tokens.set(scope.id, body.token);
  }
}, 120_000);
afterAll(() => service.remove());

const diagonal = IDS.map((verifier) => IDS.map((token) => verifier === token));

describe('I1 One key, one scope', () => {
  it('accepts exactly the diagonal by the service', async () => {
    const verdicts = await Promise.all(
      IDS.map((scope) =>
        Promise.all(
          IDS.map(async (from) => {
            const path = `/v1/scopes/${scope}/verify`;
            const { body } = await service.data('POST', path, credentials.get(scope)?.verify, {
              token: tokens.get(from),
            });
            return body.valid ? true : body.reason;
          }),
        ),
      ),
    );
    expect(verdicts).toStrictEqual(diagonal.map((row) => row.map((good) => good || 'wrong_scope')));
  });

  it('accepts exactly the diagonal by plain jose that checks neither issuer nor audience', async () => {
    const verdicts = await Promise.all(
      IDS.map(async (scope) => {
        const { body } = await service.data('GET', `/scopes/${scope}/jwks.json`);
        const keySet = createLocalJWKSet(body);
        return Promise.all(
          IDS.map((from) =>
            jwtVerify(tokens.get(from) ?? '', keySet).then(
              () => true,
              () => false,
            ),
          ),
        );
      }),
    );
    expect(verdicts).toStrictEqual(diagonal);
  });

  it('introspects a foreign token like one that never was', async () => {
    const answers = await Promise.all(
      [tokens.get('es384'), 'nonsense', tokens.get('es256')].map(async (token = '') => {
        const response = await fetch(`${service.dataUrl}/v1/scopes/es256/introspect`, {
          method: 'POST',
          headers: { authorization: `Bearer ${credentials.get('es256')?.verify}` },
          body: new URLSearchParams({ token }),
        });
        return response.json();
      }),
    );
    expect(answers.slice(0, 2)).toStrictEqual([{ active: false }, { active: false }]);
    expect(answers[2]).toMatchObject({ active: true, sub: 'alice', iss: ISSUER });
  });
});

describe('I3 No merged key set', () => {
  it('publishes two keys a scope, and no key in two sets', async () => {
    const sets = await Promise.all(IDS.map((id) => service.data('GET', `/scopes/${id}/jwks.json`)));
    const kids = sets.map(({ body }) => body.keys.map(({ kid }: { kid: string }) => kid));
    expect(kids.map(({ length }) => length)).toStrictEqual(IDS.map(() => 2));
    expect(new Set(kids.flat()).size).toBe(2 * IDS.length);
  });

  it('has no key set outside a scope', async () => {
    const paths = ['/jwks.json', '/.well-known/jwks.json', '/scopes/jwks.json', '/scopes/other/jwks.json'];
    const answers = await Promise.all(paths.map((path) => service.data('GET', path)));
    expect(answers.map(({ body }) => body.code)).toStrictEqual([
      'not_found',
      'not_found',
      'not_found',
      'unknown_scope',
    ]);
  });
});

describe('a grant is for one scope and one action', () => {
  it.each([
    ['another scope’s identity service', 'es384', 'sign'],
    ['the scope’s own relying service', 'es256', 'verify'],
  ] as const)('refuses %s', async (_who, holder, action) => {
    const { status, body } = await service.data(
      'POST',
      '/v1/scopes/es256/tokens',
      credentials.get(holder)?.[action],
      { claims: { sub: 'alice' } },
    );
    expect([status, body.code]).toStrictEqual([403, 'grant_missing']);
  });
});
