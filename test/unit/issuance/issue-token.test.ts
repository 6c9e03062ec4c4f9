import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenIssuer } from '../../../src/issuance/issue-token.ts';
import { createSignatureChecker } from '../../../src/issuance/signature-checker.ts';
import { RESERVED_CLAIMS } from '../../../src/kernel/claim-names.ts';
import { type ErrorCode, KeywardError } from '../../../src/kernel/errors.ts';
import type { IssuanceRecord, TokenRequest } from '../../../src/kernel/issuance.ts';
import { DEFAULT_POLICY } from '../../../src/kernel/policy.ts';
import type { RevocableToken } from '../../../src/kernel/revocation.ts';
import type { SigningRequest } from '../../../src/kernel/signer.ts';
import { IssuanceLock } from '../../../src/keys/key-administration.ts';
import { digestOf } from '../../../src/token/signing-input.ts';
import { aScope, aSigningKey, SoftwareKeyRing, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_790_000_000;
const scope = aScope({ id: 'payments' });
const pair = softwareKey('ES256');
const machinePair = softwareKey('ES256');
const key = aSigningKey(scope, pair, { signFrom: NOW - 10, signUntil: NOW + 1_000 });

const checker = createSignatureChecker();
afterAll(() => checker.close());

let keyRing: SoftwareKeyRing;
let recorded: IssuanceRecord[];
let holds: IssuanceLock;
let granted: Set<string>;
let now: number;
let revoked: (token: RevocableToken) => boolean;
let onSign: (request: SigningRequest) => Promise<Buffer>;
let onRecord: (record: IssuanceRecord) => Promise<void>;

beforeEach(() => {
  keyRing = new SoftwareKeyRing();
  keyRing.put(scope, key);
  recorded = [];
  holds = new IssuanceLock();
  granted = new Set(['login payments sign']);
  now = NOW;
  revoked = () => false;
  onSign = async ({ signingInput }) => pair.sign(signingInput);
  onRecord = async (record) => void recorded.push(record);
});

const issue = (request: Partial<TokenRequest> = {}) => {
  const parts = {
    keyRing,
    grants: { allows: (...grant: string[]) => granted.has(grant.join(' ')) },
    signer: { sign: (request: SigningRequest) => onSign(request) },
    checker,
    ledger: { record: (record: IssuanceRecord) => onRecord(record) },
    revocations: { covers: (token: RevocableToken) => revoked(token) },
    holds,
    clock: { nowSeconds: () => now },
  };
  return createTokenIssuer(parts).issue({
    scopeId: 'payments',
    clientId: 'login',
    claims: { sub: 'alice' },
    ...request,
  });
};

const codeOf = async (outcome: Promise<unknown>): Promise<ErrorCode | 'released'> =>
  outcome.then(
    () => 'released' as const,
    (error: unknown) => {
      if (error instanceof KeywardError) return error.code;
      throw error;
    },
  );

describe('what the service writes (I2)', () => {
  it('puts scope, policy and clock into the token, and the caller’s claims beside them', async () => {
    const issued = await issue({ claims: { sub: 'alice', roles: ['reader'] } });
    expect(decodeProtectedHeader(issued.token)).toStrictEqual({ alg: 'ES256', typ: 'at+jwt', kid: pair.kid });
    expect(decodeJwt(issued.token)).toStrictEqual({
      iss: scope.issuer,
      aud: scope.audience,
      iat: NOW,
      nbf: NOW - 30,
      exp: NOW + 300,
      jti: issued.jti,
      client_id: 'login',
      sub: 'alice',
      roles: ['reader'],
    });
    expect(issued).toMatchObject({ kid: pair.kid, iat: NOW, exp: NOW + 300 });
    expect(Buffer.from(issued.jti, 'base64url')).toHaveLength(16);
    await jwtVerify(issued.token, pair.publicKey, { currentDate: new Date(NOW * 1000) });
  });

  it.each(RESERVED_CLAIMS)('refuses a caller that sends %s', async (name) => {
    expect(await codeOf(issue({ claims: { sub: 'alice', [name]: 'x' } }))).toBe('reserved_claim');
    expect(recorded).toStrictEqual([]);
  });

  it('refuses a caller the subject of probes, and issues for any like it', async () => {
    expect(await codeOf(issue({ claims: { sub: 'keyward-probe' } }))).toBe('reserved_subject');
    expect(recorded).toStrictEqual([]);
    await issue({ claims: { sub: 'keyward-prober' } });
    expect(recorded).toHaveLength(1);
  });

  it.each([
    'AUD',
    'Exp',
    'i\u017f\u017f',
    'i\u017fS',
    'İss',
    'ıat',
    'aud ',
    'aud\0',
    'a\0ud',
    'j\u200bti',
    'ｅｘｐ',
  ])('refuses %j, which some verifiers would take for the reserved claim', async (name) => {
    expect(await codeOf(issue({ claims: { sub: 'alice', [name]: 'x' } }))).toBe('reserved_claim');
    expect(recorded).toStrictEqual([]);
  });

  it.each([
    ['a number that was rounded when it was read', JSON.parse('9007199254740993')],
    ['the first that may have been', -9_007_199_254_740_992],
    ['a number too large for any', JSON.parse('1e999')],
    ['one in the depth', { accounts: [{ id: 1e300 }] }],
  ])('refuses %s, since the token would name another', async (_, account) => {
    expect(await codeOf(issue({ claims: { sub: 'alice', account } }))).toBe('invalid_claims');
    expect(recorded).toStrictEqual([]);
  });

  it('passes the last exact whole number, and fractions', async () => {
    const claims = { account: 9_007_199_254_740_991, rate: [0.1, -2.5e-7] };
    expect(decodeJwt((await issue({ claims: { sub: 'alice', ...claims } })).token)).toMatchObject(claims);
  });

  it('passes names that only contain a reserved one', async () => {
    const { token } = await issue({ claims: { sub: 'alice', Expiry: 1, 'aud x': 2, iss_: 3 } });
    expect(decodeJwt(token)).toMatchObject({ aud: scope.audience, Expiry: 1, 'aud x': 2, iss_: 3 });
  });

  it.each([
    ['Sub', { Sub: 'admin' }],
    ['ſub', { ſub: 'admin' }],
    ['sub with a blank', { 'sub ': 'admin' }],
    ['Client_ID', { Client_ID: 'admin-app' }],
    ['Scope', { Scope: 'all' }],
    ['Email', { Email: 'root@example.com' }],
    ['Sub of an actor', { act: { Sub: 'admin' } }],
    ['SCOPE in a list', { grants: [{ SCOPE: 'all' }] }],
  ])('refuses %s, which some verifiers take for the registered claim', async (_, claims) => {
    expect(await codeOf(issue({ claims: { sub: 'alice', ...claims } }))).toBe('invalid_claims');
    expect(recorded).toStrictEqual([]);
  });

  it('passes names of the caller’s own however they are written, and those in what is nested', async () => {
    const claims = {
      Tenant: 'a',
      'https://example.com/Sub': 1,
      subject: 2,
      order: { Name: 'b', Email: 'c' },
    };
    expect(decodeJwt((await issue({ claims: { sub: 'alice', ...claims } })).token)).toMatchObject(claims);
  });

  it('leaves the caller’s own client_id, and adds none to a plain JWT', async () => {
    const own = await issue({ claims: { sub: 'alice', client_id: 'app-7' } });
    const plain = await issue({ typ: 'JWT' });
    expect(decodeJwt(own.token).client_id).toBe('app-7');
    expect(decodeJwt(plain.token)).not.toHaveProperty('client_id');
  });

  it('gives every token its own jti', async () => {
    const [first, second] = await Promise.all([issue(), issue()]);
    expect(first.jti).not.toBe(second.jti);
  });
});

describe('limits and policy', () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
  const lenient = aScope({
    id: 'machines',
    policy: {
      ...DEFAULT_POLICY,
      requireSubject: false,
      tokenTypes: ['JWT'],
      maxTtlSeconds: 60,
      defaultTtlSeconds: 60,
    },
  });

  beforeEach(() => {
    keyRing.put(lenient, aSigningKey(lenient, machinePair, { signFrom: NOW - 10, signUntil: NOW + 1_000 }));
  });

  it.each([
    ['4,096 bytes', { sub: 'a'.repeat(4_096 - '{"sub":""}'.length) }, 'released'],
    ['one byte more', { sub: 'a'.repeat(4_097 - '{"sub":""}'.length) }, 'claims_too_large'],
    ['16 levels', { sub: 'a', deep: nested(15) }, 'released'],
    ['17 levels', { sub: 'a', deep: nested(16) }, 'claims_too_deep'],
    ['no subject', {}, 'subject_required'],
    ['an empty subject', { sub: '' }, 'invalid_claims'],
    ['a subject that is no string', { sub: 7 }, 'invalid_claims'],
    ['a client_id that is no string', { sub: 'a', client_id: {} }, 'invalid_claims'],
  ] as const)('claims of %s', async (_name, claims, code) => {
    expect(await codeOf(issue({ claims }))).toBe(code);
  });

  it.each([
    [1, 'released'],
    [3_600, 'released'],
    [3_601, 'ttl_out_of_policy'],
    [0, 'ttl_out_of_policy'],
    [1.5, 'ttl_out_of_policy'],
  ] as const)('ttl_seconds %d: %s', async (ttlSeconds, code) => {
    expect(await codeOf(issue({ ttlSeconds }))).toBe(code);
  });

  it('keeps to the life the key was bound with, also where the policy was widened since', async () => {
    const widened = { ...scope, policy: { ...scope.policy, maxTtlSeconds: 7_200, defaultTtlSeconds: 7_200 } };
    keyRing.put(widened, key);
    expect(await codeOf(issue({ ttlSeconds: 3_601 }))).toBe('ttl_out_of_policy');
    expect((await issue()).exp).toBe(NOW + 3_600);
  });

  it('refuses what would make a token longer than verifiers take, also where the claims alone are not too long', async () => {
    const wordy = aScope({ id: 'wordy', audience: '€'.repeat(512), issuer: `https://${'a'.repeat(500)}` });
    const wordyPair = softwareKey('ES256');
    keyRing.put(wordy, aSigningKey(wordy, wordyPair, { signFrom: NOW, signUntil: NOW + 100 }));
    granted.add('login wordy sign');
    onSign = async ({ signingInput }) => wordyPair.sign(signingInput);
    const request = (length: number) => issue({ scopeId: 'wordy', claims: { sub: 'a'.repeat(length) } });
    expect(await codeOf(request(4_000))).toBe('claims_too_large');
    expect((await request(2_500)).token.length).toBeLessThanOrEqual(8_192);
  });

  it('asks a subject of an access token, also where the policy does not (RFC 9068 §2.2)', async () => {
    keyRing.put({ ...scope, policy: { ...DEFAULT_POLICY, requireSubject: false } }, key);
    expect(await codeOf(issue({ claims: {} }))).toBe('subject_required');
    expect(await codeOf(issue({ claims: {}, typ: 'at+jwt' }))).toBe('subject_required');
    expect(recorded).toStrictEqual([]);
    await issue({ claims: {}, typ: 'JWT' });
    await issue({ claims: { sub: 'alice' }, typ: 'at+jwt' });
    expect(recorded.map(({ subject }) => subject)).toStrictEqual([null, 'alice']);
  });

  it('asks no subject where the policy does not, and refuses the types it does not name', async () => {
    granted.add('login machines sign');
    onSign = async ({ signingInput }) => machinePair.sign(signingInput);
    expect(await codeOf(issue({ scopeId: 'machines', claims: {} }))).toBe('released');
    expect(await codeOf(issue({ scopeId: 'machines', typ: 'at+jwt' }))).toBe('token_type_not_allowed');
    expect(recorded.map(({ subject }) => subject)).toStrictEqual([null]);
  });
});

describe('who and when', () => {
  it.each([
    ['unknown_scope', { scopeId: 'mail' }],
    ['grant_missing', { clientId: 'other' }],
  ] as const)('%s', async (code, request) => {
    expect(await codeOf(issue(request))).toBe(code);
  });

  it('signs within the window, both ends included, and never outside', async () => {
    const outcomes: string[] = [];
    for (now of [NOW - 11, NOW - 10, NOW + 1_000, NOW + 1_001]) outcomes.push(await codeOf(issue()));
    expect(outcomes).toStrictEqual(['signing_window_over', 'released', 'released', 'signing_window_over']);
  });

  it('has no key to sign with where the only one is a standby', async () => {
    keyRing.put(scope, { ...key, state: 'pre_activation', signFrom: null });
    expect(await codeOf(issue())).toBe('no_active_key');
  });
});

describe('recorded and verified before released (I5, I6)', () => {
  it('records what the token is, by the digest of its signing input', async () => {
    const { token, jti } = await issue();
    const signingInput = token.slice(0, token.lastIndexOf('.'));
    expect(recorded).toStrictEqual([
      {
        digest: digestOf(signingInput),
        scopeId: 'payments',
        kid: pair.kid,
        jti,
        clientId: 'login',
        subject: 'alice',
        root: null,
        traceId: null,
        iat: NOW,
        exp: NOW + 300,
      },
    ]);
  });

  it.each([
    ['plain', 'alice'],
    ['hashed', 'sha256:K9gGyX8OAK8aH8Myj6djqSaXI8jbj6xPk69x2xhtbpA'],
    ['none', null],
  ] as const)('records the subject as the policy says: %s', async (recordSubject, subject) => {
    const policy = { ...DEFAULT_POLICY, recordSubject };
    keyRing.put({ ...scope, policy }, key);
    const { token } = await issue();
    expect(recorded.map((record) => record.subject)).toStrictEqual([subject]);
    expect(decodeJwt(token).sub).toBe('alice');
  });

  it('records the root event where the policy names its claim, and a token without it too', async () => {
    keyRing.put({ ...scope, policy: { ...DEFAULT_POLICY, rootClaim: 'txn' } }, key);
    await issue({ claims: { sub: 'alice', txn: 'sign-in-7' } });
    await issue();
    expect(recorded.map(({ root }) => root)).toStrictEqual(['sign-in-7', null]);
    expect(await codeOf(issue({ claims: { sub: 'alice', txn: 7 } }))).toBe('invalid_claims');
  });

  it('refuses another spelling of the claim that names the root event', async () => {
    keyRing.put({ ...scope, policy: { ...DEFAULT_POLICY, rootClaim: 'signIn' } }, key);
    for (const name of ['signin', 'SIGNIN', 'ſignIn', 'signIn ']) {
      expect(await codeOf(issue({ claims: { sub: 'alice', [name]: 'x' } }))).toBe('invalid_claims');
    }
    await issue({ claims: { sub: 'alice', signIn: 'x', signInAt: 'y' } });
    expect(recorded.map(({ root }) => root)).toStrictEqual(['x']);
  });

  it('releases nothing before the record is durable', async () => {
    const durable = Promise.withResolvers<void>();
    const signed = Promise.withResolvers<void>();
    onRecord = () => durable.promise;
    onSign = async ({ signingInput }) => {
      signed.resolve();
      return pair.sign(signingInput);
    };
    let released = false;
    const issued = issue().then(() => {
      released = true;
    });
    await signed.promise;
    await new Promise(setImmediate);
    expect(released).toBe(false);
    durable.resolve();
    await issued;
    expect(released).toBe(true);
  });

  it('releases nothing that is not recorded', async () => {
    onRecord = async () => {
      throw new KeywardError('ledger_unavailable', 'away');
    };
    expect(await codeOf(issue())).toBe('ledger_unavailable');
  });

  it.each([
    ['another key’s', () => softwareKey('ES256').sign('x')],
    ['over other bytes', () => pair.sign('other')],
    ['cut short', () => Buffer.alloc(63)],
  ])('releases no signature that is %s', async (_name, signature) => {
    onSign = async () => signature();
    expect(await codeOf(issue())).toBe('signature_wrong');
  });
});

describe('while the signing key of the scope changes', () => {
  const successor = softwareKey('ES256');
  const turns = () => new Promise(setImmediate);

  it('waits, and then takes the key that signs: nothing of the former one is recorded later', async () => {
    onSign = async ({ kid, signingInput }) => (kid === pair.kid ? pair : successor).sign(signingInput);
    const end = holds.acquire('payments');
    const issued = issue();
    await turns();
    expect(recorded).toStrictEqual([]);
    keyRing.put(
      scope,
      { ...key, state: 'compromised' },
      aSigningKey(scope, successor, { signFrom: NOW, signUntil: NOW + 1_000 }),
    );
    end();
    expect((await issued).kid).toBe(successor.kid);
    expect(recorded.map(({ kid }) => kid)).toStrictEqual([successor.kid]);
  });

  it('waits for each change of several', async () => {
    const [first, second] = [holds.acquire('payments'), holds.acquire('payments')];
    const issued = issue();
    first();
    first();
    await turns();
    expect(recorded).toStrictEqual([]);
    second();
    expect((await issued).kid).toBe(pair.kid);
  });

  it('hands what is prepared to the ledger in the same turn', async () => {
    const issued = issue();
    expect(recorded).toHaveLength(1);
    const end = holds.acquire('payments');
    expect((await issued).kid).toBe(pair.kid);
    end();
  });

  it('keeps no other scope waiting', async () => {
    const end = holds.acquire('mail');
    expect((await issue()).kid).toBe(pair.kid);
    end();
  });
});

describe('released only if key, client and grant still stand', () => {
  const successor = softwareKey('ES256');

  it('prepares once more with the key that took over meanwhile', async () => {
    onSign = async ({ kid, signingInput }) => {
      if (kid === successor.kid) return successor.sign(signingInput);
      keyRing.put(
        scope,
        { ...key, state: 'compromised' },
        aSigningKey(scope, successor, { signFrom: NOW, signUntil: NOW + 1_000 }),
      );
      return pair.sign(signingInput);
    };
    const issued = await issue();
    expect(issued.kid).toBe(successor.kid);
    expect(recorded.map(({ kid }) => kid)).toStrictEqual([pair.kid, successor.kid]);
  });

  it('refuses where the grant was withdrawn meanwhile', async () => {
    onSign = async ({ signingInput }) => {
      granted.clear();
      return pair.sign(signingInput);
    };
    expect(await codeOf(issue())).toBe('grant_missing');
  });

  it('refuses what is revoked before anything is signed or recorded', async () => {
    let signatures = 0;
    onSign = async ({ signingInput }) => {
      signatures++;
      return pair.sign(signingInput);
    };
    revoked = ({ clientId, iat }) => clientId === 'login' && iat === NOW;
    expect(await codeOf(issue())).toBe('revoked');
    expect({ signatures, recorded }).toEqual({ signatures: 0, recorded: [] });
    now = NOW + 1;
    expect(await codeOf(issue())).toBe('released');
  });

  it('refuses what was revoked while it was made', async () => {
    onSign = async ({ signingInput }) => {
      revoked = () => true;
      return pair.sign(signingInput);
    };
    expect(await codeOf(issue())).toBe('revoked');
    expect(recorded).toHaveLength(1);
  });

  it('makes another where only the one under way was revoked', async () => {
    revoked = ({ jti }) => jti === recorded[0]?.jti;
    const issued = await issue();
    expect(recorded).toHaveLength(2);
    expect(recorded[1]?.jti).toBe(issued.jti);
  });
});
