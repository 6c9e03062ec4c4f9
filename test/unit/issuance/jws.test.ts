import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenIssuer } from '../../../src/issuance/issue-token.ts';
import { createSignatureChecker } from '../../../src/issuance/signature-checker.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { IssuanceRecord } from '../../../src/kernel/issuance.ts';
import type { SigningKey } from '../../../src/kernel/key.ts';
import { DEFAULT_POLICY, type ScopePolicy } from '../../../src/kernel/policy.ts';
import { IssuanceLock } from '../../../src/keys/key-administration.ts';
import { guardOfBinding } from '../../../src/signer/guard.ts';
import { digestOf } from '../../../src/token/signing-input.ts';
import { createTokenCheck } from '../../../src/verification/check-token.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';
import { aScope, aSigningKey, SoftwareKeyRing, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_790_000_000;
const JTI = 'a-jti-of-the-caller-0001';
const policy: ScopePolicy = { ...DEFAULT_POLICY, externalClaims: true };
const scope = aScope({ id: 'login', policy });
const pair = softwareKey('ES256');
const key = aSigningKey(scope, pair, { signFrom: NOW - 10, signUntil: NOW + 10 });

const wide = { ...key.binding, signFrom: NOW - 99, signUntil: NOW + 99 };

const checker = createSignatureChecker();
afterAll(() => checker.close());

let keyRing: SoftwareKeyRing;
let ledger: MemoryLedger;
let signed: string[];
let granted: boolean;
let now: number;

beforeEach(() => {
  keyRing = new SoftwareKeyRing();
  keyRing.put(scope, key);
  ledger = new MemoryLedger();
  signed = [];
  granted = true;
  now = NOW;
});

const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

const HEADER = { alg: 'ES256', typ: 'JWT', kid: pair.kid };
const CLAIMS = { iss: scope.issuer, aud: scope.audience, iat: NOW, exp: NOW + 60, jti: JTI, sub: 'alice' };

const input = (claims: object = {}, header: object = {}) =>
  `${encode({ ...HEADER, ...header })}.${encode({ ...CLAIMS, ...claims })}`;

const issuer = () =>
  createTokenIssuer({
    keyRing,
    grants: { allows: () => granted },
    signer: {
      sign: async ({ signingInput }) => {
        const { binding } = keyRing.activeKey('login') ?? key;
        guardOfBinding(binding, { requireNear: () => {} })(signingInput);
        signed.push(signingInput);
        return pair.sign(signingInput);
      },
    },
    checker,
    ledger,
    revocations: { covers: ({ jti }) => jti.startsWith('revoked') },
    holds: new IssuanceLock(),
    clock: { nowSeconds: () => now },
  });

const sign = (signingInput: string) => issuer().issue({ scopeId: 'login', clientId: 'idp', signingInput });

const outcomeOf = async (signingInput: string): Promise<string> =>
  sign(signingInput).then(
    () => 'signed',
    (error: unknown) => {
      if (error instanceof KeywardError) return `${error.code}: ${error.message}`;
      throw error;
    },
  );

const setPolicy = (changes: Partial<ScopePolicy>) =>
  keyRing.put({ ...scope, policy: { ...policy, ...changes } }, key);
const setKey = (changes: Partial<SigningKey>) => keyRing.put(scope, { ...key, ...changes });

describe('what is signed', () => {
  it('is the signing input to the letter, however it is written, and the record says what is in it', async () => {
    const claims = JSON.stringify({ nonce: 'n-0S6', ...CLAIMS }, null, 1).replace('alice', 'al\\u0069ce');
    const given = `${encode('{ "kid":"KID", "alg" : "ES256","typ":"JWT"}'.replace('KID', pair.kid))}.${encode(claims)}`;
    const { token, canRelease, ...issued } = await sign(given);
    expect(token.slice(0, token.lastIndexOf('.'))).toBe(given);
    expect(issued).toStrictEqual({ kid: pair.kid, jti: JTI, iat: NOW, exp: NOW + 60 });
    expect(canRelease()).toBe(true);
    expect(ledger.records).toStrictEqual<IssuanceRecord[]>([
      {
        digest: digestOf(given),
        scopeId: 'login',
        kid: pair.kid,
        jti: JTI,
        clientId: 'idp',
        subject: 'alice',
        root: null,
        traceId: null,
        iat: NOW,
        exp: NOW + 60,
      },
    ]);
  });

  it('is never for the subject of probes, however it is written', async () => {
    const spelt = JSON.stringify({ ...CLAIMS, sub: 'keyward-probe' }).replace(
      'keyward-probe',
      'keyward-pr\\u006fbe',
    );
    expect(await outcomeOf(`${encode(HEADER)}.${encode(spelt)}`)).toMatch(/^reserved_subject: /);
    expect(ledger.records).toStrictEqual([]);
    expect(await outcomeOf(input({ sub: 'keyward' }))).toBe('signed');
  });

  it('has its root event recorded where the policy names the claim', async () => {
    setPolicy({ rootClaim: 'sid', recordSubject: 'none' });
    await sign(input({ sid: 'session-7' }));
    expect(ledger.records.map(({ root, subject }) => [root, subject])).toStrictEqual([['session-7', null]]);
  });
});

const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });
const twice = (name: string) => encode(JSON.stringify(CLAIMS).replace('{', `{"${name}":1,`));
const header = encode(HEADER);

describe('the form', () => {
  it.each([
    ['', 'use header and claims in base64url with a dot between them'],
    ['a', 'use header and claims in base64url with a dot between them'],
    [`${header}.`, 'use header and claims in base64url with a dot between them'],
    [`${input()}.c2ln`, 'use header and claims in base64url with a dot between them'],
    [digestOf('x').toString('hex'), 'use header and claims in base64url with a dot between them'],
    [`${input()}=`, 'use base64url without padding, its unused bits zero'],
    [` ${input()}`, 'use base64url without padding, its unused bits zero'],
    [`${header}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}`, 'use UTF-8'],
    [`${header}.${encode('{')}`, 'header and claims are JSON'],
    [`${header}.${encode('[]')}`, 'header and claims are a JSON object each'],
    [`${header}.${twice('aud')}`, 'a member stands twice in one object'],
    [`${header}.${twice('\\u0061ud')}`, 'a member stands twice in one object'],
    [`${header}.${twice('__proto__')}`, 'no member may be called __proto__ or hold U+0000'],
    [
      `${encode(`{"alg":"none",${JSON.stringify(HEADER).slice(1)}`)}.${encode(CLAIMS)}`,
      'a member stands twice in one object',
    ],
  ])('%s is malformed', async (given, advice) => {
    expect(await outcomeOf(given)).toBe(`malformed_signing_input: signing_input: ${advice}`);
    expect([signed, ledger.records]).toStrictEqual([[], []]);
  });

  it.each([
    ['4,096 bytes of claims', { sub: 'a'.repeat(4_086) }, 'signed'],
    ['one more', { sub: 'a'.repeat(4_087) }, 'claims_too_large: claims may take 4096 bytes as JSON'],
    ['16 levels', { deep: deep(15) }, 'signed'],
    ['17 levels', { deep: deep(16) }, 'claims_too_deep: signing_input: claims may nest 16 levels'],
  ])('%s: %s', async (_, claims, outcome) => {
    expect(await outcomeOf(input(claims))).toBe(outcome);
  });

  it('of a token that verifiers would find too long is refused, blanks counted', async () => {
    const blank = (length: number) => `${header}.${encode(`${JSON.stringify(CLAIMS)}${' '.repeat(length)}`)}`;
    expect(await outcomeOf(blank(5_000))).toBe('signed');
    expect(await outcomeOf(blank(6_000))).toBe(
      'claims_too_large: the token would exceed 8192 bytes: send fewer claims',
    );
  });
});

const ONLY = 'wrong_header: signing_input: the header holds alg, kid and typ, and nothing else';

describe('the header', () => {
  it.each([
    [{ cty: 'JWT' }, ONLY],
    [{ jwk: {} }, ONLY],
    [{ crit: [] }, ONLY],
    [{ Crit: [] }, ONLY],
    [{ Cty: 'JWT' }, ONLY],
    [{ b64: true }, ONLY],
    [{ kid: undefined }, 'wrong_header: signing_input: the header names no kid'],
    [{ kid: 7 }, 'wrong_header: signing_input: the header names no kid'],
    [{ alg: undefined }, 'wrong_algorithm: signing_input: the header names no alg'],
    [{ alg: 'none' }, 'wrong_algorithm: header.alg: use ES256'],
    [{ alg: 'es256' }, 'wrong_algorithm: header.alg: use ES256'],
    [{ typ: undefined }, 'token_type_not_allowed: header.typ: the policy of this scope allows at+jwt, JWT'],
    [{ typ: 'jwt' }, 'token_type_not_allowed: header.typ: the policy of this scope allows at+jwt, JWT'],
    [
      { typ: 'kw-binding+jwt' },
      'token_type_not_allowed: header.typ: the policy of this scope allows at+jwt, JWT',
    ],
    [{ typ: 'untyped' }, 'token_type_not_allowed: header.typ: the policy of this scope allows at+jwt, JWT'],
    [
      { kid: 'another' },
      `kid_not_active: header.kid: ${pair.kid} signs now; write the token again with it, and with a new jti`,
    ],
  ])('%j is refused: %s', async (changes, outcome) => {
    expect(await outcomeOf(input({}, changes))).toBe(outcome);
    expect([signed, ledger.records]).toStrictEqual([[], []]);
  });

  it('may lack typ where the policy allows what is untyped, and only there', async () => {
    setPolicy({ tokenTypes: ['untyped'] });
    expect(await outcomeOf(input({}, { typ: undefined }))).toBe('signed');
    const refused = 'token_type_not_allowed: header.typ: the policy of this scope allows untyped';
    expect(await outcomeOf(input({}, { typ: 'JWT' }))).toBe(refused);
    expect(await outcomeOf(input({}, { typ: 'untyped' }))).toBe(refused);
  });

  it('names the key that signs now: after a rotation the former one is refused, and the retry passes', async () => {
    const former = input();
    const successor = softwareKey('ES256');
    keyRing.put(scope, { ...key, state: 'deactivated' }, { ...key, kid: successor.kid });
    expect(await outcomeOf(former)).toMatch(`kid_not_active: header.kid: ${successor.kid} signs now`);
    keyRing.put(scope, { ...key, kid: successor.kid, state: 'destroyed' }, key);
    expect(await outcomeOf(former)).toBe('signed');
  });

  it('is held against the key that took over while it was signed', async () => {
    const successor = softwareKey('ES256');
    const overtaken = { ...key, kid: successor.kid };
    const rotating = new Proxy(ledger, {
      get: (target, name) => {
        keyRing.put(scope, { ...key, state: 'deactivated' }, overtaken);
        return Reflect.get(target, name).bind(target);
      },
    });
    const real = ledger;
    ledger = rotating;
    expect(await outcomeOf(input())).toMatch(`kid_not_active: header.kid: ${successor.kid} signs now`);
    expect(real.records).toHaveLength(1);
  });
});

describe('the claims that Keyward would have written', () => {
  const now30 = `use the present time; it is ${NOW} here, and 30 s of skew are allowed`;
  const window = `the key signs what is dated from ${NOW - 10} to ${NOW + 10}`;
  const ttl = 'use a time from 1 to 3600 s after iat';
  const jti = 'use 24 to 128 printable ASCII characters without spaces, 128 bits of them random';
  const seconds = 'use whole seconds since 1970';

  it.each<[object, string]>([
    [{ iss: `${scope.issuer}/` }, `wrong_issuer: claims.iss: use ${scope.issuer}, as one string`],
    [{ iss: undefined }, `wrong_issuer: claims.iss: use ${scope.issuer}, as one string`],
    [{ aud: 'https://mail.example.com' }, `wrong_audience: claims.aud: use ${scope.audience}, as one string`],
    [{ aud: [scope.audience] }, `wrong_audience: claims.aud: use ${scope.audience}, as one string`],
    [{ aud: undefined }, `wrong_audience: claims.aud: use ${scope.audience}, as one string`],
    [{ iat: undefined }, `invalid_claims: claims.iat: ${seconds}`],
    [{ iat: NOW + 0.5 }, `invalid_claims: claims.iat: ${seconds}`],
    [{ iat: `${NOW}` }, `invalid_claims: claims.iat: ${seconds}`],
    [{ iat: NOW - 31 }, `iat_out_of_skew: claims.iat: ${now30}`],
    [{ iat: NOW + 31, exp: NOW + 60 }, `iat_out_of_skew: claims.iat: ${now30}`],
    [{ iat: NOW - 11 }, `iat_outside_window: claims.iat: ${window}`],
    [{ iat: NOW + 11 }, `iat_outside_window: claims.iat: ${window}`],
    [{ exp: undefined }, `invalid_claims: claims.exp: ${seconds}`],
    [{ exp: -1 }, `invalid_claims: claims.exp: ${seconds}`],
    [{ exp: NOW }, `ttl_out_of_policy: claims.exp: ${ttl}`],
    [{ exp: NOW + 3_601 }, `ttl_out_of_policy: claims.exp: ${ttl}`],
    [{ iat: NOW - 10, exp: NOW }, `already_expired: claims.exp: it is ${NOW} here; use a later time`],
    [{ nbf: null }, `invalid_claims: claims.nbf: ${seconds}`],
    [{ nbf: -1 }, `invalid_claims: claims.nbf: ${seconds}`],
    [{ nbf: NOW + 1 }, 'nbf_after_iat: claims.nbf: must not lie after iat'],
    [{ jti: undefined }, `invalid_jti: claims.jti: ${jti}`],
    [{ jti: 7 }, `invalid_jti: claims.jti: ${jti}`],
    [{ jti: 'x'.repeat(22) }, `invalid_jti: claims.jti: ${jti}`],
    [{ jti: 'x'.repeat(23) }, `invalid_jti: claims.jti: ${jti}`],
    [{ jti: 'x'.repeat(129) }, `invalid_jti: claims.jti: ${jti}`],
    [{ jti: `${JTI} ` }, `invalid_jti: claims.jti: ${jti}`],
    [{ jti: `${JTI}é` }, `invalid_jti: claims.jti: ${jti}`],
  ])('%j is refused', async (claims, outcome) => {
    expect(await outcomeOf(input(claims))).toBe(outcome);
    expect([signed, ledger.records]).toStrictEqual([[], []]);
  });

  it.each<[object]>([
    [{ iat: NOW - 10 }],
    [{ iat: NOW + 10 }],
    [{ exp: NOW + 1 }],
    [{ exp: NOW + 3_600 }],
    [{ iat: NOW - 10, exp: NOW + 1 }],
    [{ nbf: NOW }],
    [{ nbf: 0 }],
    [{ jti: 'x'.repeat(24) }],
    [{ jti: '~'.repeat(128) }],
  ])('%j passes', async (claims) => {
    expect(await outcomeOf(input(claims))).toBe('signed');
  });

  it.each([
    [NOW - 31, 'iat_out_of_skew'],
    [NOW - 30, 'signed'],
    [NOW + 30, 'signed'],
    [NOW + 31, 'iat_out_of_skew'],
  ])('may be dated within the skew: %d is %s', async (iat, outcome) => {
    setKey({ signFrom: NOW - 99, signUntil: NOW + 99, binding: wide });
    expect(await outcomeOf(input({ iat, exp: NOW + 99 }))).toMatch(outcome);
  });

  it.each<[Partial<SigningKey>]>([
    [{ signFrom: NOW, signUntil: NOW, binding: wide }],
    [{ signFrom: NOW - 99, signUntil: NOW + 99, binding: { ...wide, signFrom: NOW, signUntil: NOW } }],
  ])('lie in the window of registry and of binding record', async (window) => {
    setKey(window);
    expect(await outcomeOf(input({ iat: NOW - 1 }))).toMatch('iat_outside_window');
    expect(await outcomeOf(input({ iat: NOW + 1 }))).toMatch('iat_outside_window');
    expect(await outcomeOf(input())).toBe('signed');
  });

  it('keep to the life that the key was bound with, also where the policy was widened since', async () => {
    setPolicy({ maxTtlSeconds: 7_200 });
    expect(await outcomeOf(input({ exp: NOW + 3_601 }))).toMatch('ttl_out_of_policy');
    expect(await outcomeOf(input({ exp: NOW + 3_600 }))).toBe('signed');
  });
});

describe('a jti', () => {
  it('serves once, also for two at a time', async () => {
    const outcomes = await Promise.all([outcomeOf(input()), outcomeOf(input({ sub: 'bob' }))]);
    expect(outcomes).toStrictEqual(['signed', 'jti_used: This jti is used.']);
    expect(await outcomeOf(input())).toBe('jti_used: This jti is used.');
    expect(await outcomeOf(input({ jti: `${JTI}-2` }))).toBe('signed');
  });
});

describe('what any caller may write', () => {
  const alike = 'malformed_signing_input: signing_input: two members of one object differ in spelling alone';
  const misleading = 'invalid_claims: signing_input: write registered names as they are registered';

  it.each<[object, string]>([
    [{ AUD: 'x' }, alike],
    [{ iſſ: 'x' }, alike],
    [{ 'aud ': 'x' }, alike],
    [{ Sub: 'admin' }, alike],
    [{ Tenant: 1, tenant: 2 }, alike],
    [{ NBF: 0 }, misleading],
    [{ Client_ID: 'x' }, misleading],
    [{ act: { SUB: 'admin' } }, misleading],
    [{ cnf: { 'x5t#s256': 'x' } }, misleading],
    [{ sub: undefined }, 'subject_required: give claims.sub: the policy of this scope asks for a subject'],
    [{ sub: '' }, 'invalid_claims: claims.sub: use a non-empty string without U+0000'],
    [{ sub: 'a\u0000b' }, 'invalid_claims: claims.sub: use a non-empty string without U+0000'],
    [
      { n: 2 ** 53 },
      'invalid_claims: signing_input: claims: send a number beyond 2⁵³, or of more digits than a double holds, as text',
    ],
    [{ 'aud x': 'x', audience: 'y', Tenant: { Name: 1 } }, 'signed'],
  ])('%j: %s', async (claims, outcome) => {
    expect(await outcomeOf(input(claims))).toBe(outcome);
  });

  it.each([
    ['19.999999999999999999', 'invalid_claims'],
    ['1e-400', 'invalid_claims'],
    ['-0', 'invalid_claims'],
    ['9007199254740993', 'invalid_claims'],
    ['1e21', 'invalid_claims'],
    ['9007199254740991', 'signed'],
    ['1.50', 'signed'],
    ['1e3', 'signed'],
  ])('holds the number %s as it is written: %s', async (literal, outcome) => {
    const claims = JSON.stringify({ ...CLAIMS, n: '@' }).replace('"@"', literal);
    expect(await outcomeOf(`${header}.${encode(claims)}`)).toMatch(outcome);
  });

  it('names a subject in an access token, whatever the policy asks for', async () => {
    setPolicy({ requireSubject: false });
    const claims = { sub: undefined, client_id: 'app' };
    expect(await outcomeOf(input(claims, { typ: 'at+jwt' }))).toMatch(/^subject_required: give claims.sub/);
    expect(await outcomeOf(input(claims, { typ: 'JWT' }))).toBe('signed');
  });

  it('names a client in an access token', async () => {
    const access = { typ: 'at+jwt' };
    expect(await outcomeOf(input({}, access))).toBe(
      'invalid_claims: claims.client_id: an access token names its client (RFC 9068)',
    );
    expect(await outcomeOf(input({ client_id: 'app' }, access))).toBe('signed');
  });
});

describe('who and when', () => {
  it('is refused for a scope whose policy does not allow it, whatever was sent', async () => {
    setPolicy({ externalClaims: false });
    const outcome =
      'external_claims_off: the policy of this scope does not let callers write all claims: ask for a token at /tokens';
    expect(await outcomeOf(input())).toBe(outcome);
    expect(await outcomeOf('')).toBe(outcome);
    setPolicy({});
    expect(await outcomeOf(input())).toBe('signed');
  });

  it('takes the grant, a window that is not over, and no revocation', async () => {
    expect(await outcomeOf(input({ jti: 'revoked-0000000000000000' }))).toMatch(/^revoked: /);
    now = NOW + 11;
    expect(await outcomeOf(input())).toMatch(/^signing_window_over: /);
    now = NOW;
    granted = false;
    expect(await outcomeOf(input())).toMatch(/^grant_missing: /);
    granted = true;
    expect(await outcomeOf(input())).toBe('signed');
  });
});

it('what is signed at all is good to every verifier', async () => {
  const mostly = (sound: unknown, ...others: fc.Arbitrary<unknown>[]) =>
    fc.oneof(
      { weight: 9, arbitrary: fc.constant(sound) },
      ...others.map((arbitrary) => ({ weight: 1, arbitrary })),
    );
  const near = (value: number) => fc.integer({ min: value - 40, max: value + 40 });
  const claims = fc.record(
    {
      iss: mostly(scope.issuer, fc.constantFrom('https://evil.example', [scope.issuer])),
      aud: mostly(scope.audience, fc.constantFrom([scope.audience], null)),
      iat: mostly(NOW, near(NOW)),
      exp: mostly(NOW + 60, near(NOW), near(NOW + 3_600), fc.double()),
      nbf: mostly(NOW, near(NOW), fc.anything()),
      sub: mostly('alice', fc.string(), fc.anything()),
      client_id: mostly('app', fc.string(), fc.anything()),
      jti: fc.uuid(),
    },
    { requiredKeys: [] },
  );
  const header = fc.record({
    typ: fc.constantFrom('JWT', 'at+jwt', undefined),
    cty: mostly(undefined, fc.constant('JWT')),
  });
  setPolicy({ tokenTypes: ['JWT', 'at+jwt', 'untyped'], requireSubject: false });
  const judge = createTokenCheck({ keyRing, clock: { nowSeconds: () => now } });
  let released = 0;
  let number = 0;
  const sound = { ...CLAIMS, client_id: 'app' };
  await fc.assert(
    fc.asyncProperty(claims, header, async (written, { typ, ...others }) => {
      const jti = `${JTI}-${number++}`;
      const given = `${encode({ ...HEADER, typ, ...others })}.${encode({ ...sound, jti, ...written })}`;
      const token = await sign(given).then(
        (issued) => issued.token,
        (error: unknown) => {
          if (!(error instanceof KeywardError) || error.code === 'binding_refused') throw error;
        },
      );
      if (token === undefined) return;
      released += 1;
      expect((await judge('login', token)).verdict).toMatchObject({ valid: true });
    }),
    { numRuns: 1_000 },
  );
  expect(released).toBeGreaterThan(100);
});
