import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Forgery, Happening, UnrecordedToken } from '../../../src/kernel/activity.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { LedgerReader, RecordedToken } from '../../../src/kernel/issuance.ts';
import type { SigningKey } from '../../../src/kernel/key.ts';
import type { RecordGap, UnprovenTime } from '../../../src/kernel/record-gap.ts';
import type { RevocableToken } from '../../../src/kernel/revocation.ts';
import type { TokenVerifier } from '../../../src/kernel/verification.ts';
import { digestOf } from '../../../src/token/signing-input.ts';
import { createTokenVerifier } from '../../../src/verification/verify-token.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';
import { aScope, aSigningKey, SoftwareKeyRing, signedBy, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const DAY = 86_400;
const pair = softwareKey('ES256');
const scope = aScope({ id: 'payments' });
const key: SigningKey = aSigningKey(scope, pair, { signFrom: NOW - 2 * DAY, signUntil: NOW + 1_000 });
const claims = {
  iss: scope.issuer,
  aud: scope.audience,
  iat: NOW,
  exp: NOW + 300,
  jti: 'jti-1',
  client_id: 'checkout',
  sub: 'user-17',
};
const header = { alg: 'ES256', typ: 'at+jwt', kid: pair.kid };

let keyRing: SoftwareKeyRing;
let ledger: MemoryLedger;
let forgeries: Forgery[];
let doubtful: UnrecordedToken[];
let told: Happening[];
let asked: number;
let gaps: RecordGap[];
let unproven: UnprovenTime[];
let find: LedgerReader['find'];
let verifier: TokenVerifier;
let covers: (token: RevocableToken) => boolean;
let news: () => Promise<boolean>;

beforeEach(() => {
  keyRing = new SoftwareKeyRing();
  keyRing.put(scope, key);
  ledger = new MemoryLedger();
  forgeries = [];
  doubtful = [];
  told = [];
  asked = 0;
  gaps = [];
  unproven = [];
  find = (digest) => ledger.find(digest);
  covers = () => false;
  news = async () => false;
  verifier = createTokenVerifier({
    gaps: () => gaps,
    unproven,
    news: () => news(),
    facts: { record: (happening) => void told.push(happening) },
    keyRing,
    clock: { nowSeconds: () => NOW },
    ledger: {
      find: (digest, iat) => {
        asked++;
        return find(digest, iat);
      },
    },
    revocations: { covers: (token) => covers(token) },
    alarm: {
      forged: async (forgery) => void forgeries.push(forgery),
      unproven: async (of) => void doubtful.push(of),
    },
  });
});

const token = (changes: object = {}) => signedBy(pair, header, { ...claims, ...changes });
const digest = (of: string) => digestOf(of.slice(0, of.lastIndexOf('.')));
const verify = (of: string) => verifier.verify('payments', of);

async function record(of: string, changes: Partial<RecordedToken> = {}): Promise<void> {
  await ledger.record({
    digest: digest(of),
    scopeId: 'payments',
    kid: pair.kid,
    jti: 'jti-1',
    clientId: 'checkout',
    subject: 'user-17',
    root: 'sign-in-1',
    traceId: null,
    iat: NOW,
    exp: NOW + 300,
    ...changes,
  });
}

const refused = (reason: string) => ({ valid: false, reason });

describe('a right signature', () => {
  it('is good with its record', async () => {
    await record(token());
    expect(await verify(token())).toEqual({ valid: true, claims, kid: pair.kid, keyState: 'active' });
    expect(forgeries).toEqual([]);
  });

  it('is a forgery without one', async () => {
    const forged = token();
    expect(await verify(forged)).toEqual(refused('never_issued'));
    expect(forgeries).toEqual([
      { scope, kid: pair.kid, digest: digest(forged), header, claims, record: undefined },
    ]);
  });

  it.each([
    ['scope', { scopeId: 'mail' }],
    ['kid', { kid: 'another' }],
    ['jti', { jti: 'jti-2' }],
    ['iat', { iat: NOW - 1 }],
    ['exp', { exp: NOW + 301 }],
  ])('is a forgery where the record says another %s', async (_, changes) => {
    await record(token(), changes);
    expect(await verify(token())).toEqual(refused('never_issued'));
    expect(forgeries).toMatchObject([{ record: changes }]);
  });

  it.each([
    ['wrong_issuer', { iss: 'https://other.example' }, {}],
    ['wrong_audience', { aud: 'other' }, {}],
    ['expired', { iat: NOW - 400, exp: NOW - 60 }, { iat: NOW - 400, exp: NOW - 60 }],
    ['lifetime_too_long', { exp: NOW + 9_000 }, { exp: NOW + 9_000 }],
    [
      'outside_signing_window',
      { iat: NOW - 3 * DAY, exp: NOW + 300 },
      { iat: NOW - 3 * DAY, exp: NOW + 300 },
    ],
  ])('is a forgery without one also where its claims are refused: %s', async (reason, changes, recorded) => {
    expect(await verify(token(changes))).toEqual(refused('never_issued'));
    await record(token(changes), recorded);
    expect(await verify(token(changes))).toEqual(refused(reason));
    expect(forgeries).toHaveLength(1);
  });
});

describe('the ledger', () => {
  it('is not asked about what the key did not sign', async () => {
    const other = softwareKey('ES256');
    expect(await verify(signedBy(other, header, claims))).toEqual(refused('bad_signature'));
    expect(await verify('x')).toEqual(refused('malformed'));
    keyRing.put(scope, { ...key, state: 'suspended' });
    expect(await verify(signedBy(other, header, claims))).toEqual(refused('key_suspended'));
    expect({ asked, forgeries }).toEqual({ asked: 0, forgeries: [] });
  });

  it('is asked until 23 hours after the end of the token; later its record may be in an archive', async () => {
    const old = (exp: number) => token({ iat: exp - 300, exp });
    expect(await verify(old(NOW - 23 * 3_600))).toEqual(refused('never_issued'));
    expect(await verify(old(NOW - 23 * 3_600 - 1))).toEqual(refused('expired'));
    expect(asked).toBe(1);
  });

  it('that gives no answer is a failure, never a verdict', async () => {
    find = async () => {
      throw new KeywardError('ledger_unavailable', 'away');
    };
    await expect(verify(token())).rejects.toMatchObject({ code: 'ledger_unavailable' });
    expect(forgeries).toEqual([]);
  });

  it('may take its time: a key suspended meanwhile is suspended', async () => {
    await record(token());
    find = (of) => {
      keyRing.put(scope, { ...key, state: 'suspended' });
      return ledger.find(of);
    };
    expect(await verify(token())).toEqual(refused('key_suspended'));
  });
});

describe('a time of which records may be missing', () => {
  const SKEW = 300;
  const gap = (issuedFrom: number, issuedUntil: number) => ({ issuedFrom, issuedUntil }) as RecordGap;
  const unknown = { code: 'ledger_unavailable', retryAfterSeconds: 60 };
  const dated = (iat: number) => token({ iat, exp: iat + 300 });

  it('accepts what is on record, and says of nothing that it was never issued', async () => {
    unproven.push({ from: NOW, until: NOW });
    await expect(verify(token())).rejects.toMatchObject(unknown);
    expect(forgeries).toEqual([]);
    expect(doubtful).toEqual([{ scope, kid: pair.kid, digest: digest(token()), header, claims }]);
    await record(token());
    expect(await verify(token())).toMatchObject({ valid: true });
    await record(token({ sub: 'mallory' }), { jti: 'jti-2' });
    expect(await verify(token({ sub: 'mallory' }))).toEqual(refused('never_issued'));
    expect(doubtful).toHaveLength(1);
  });

  it('is told of a token of a key out of use, too', async () => {
    unproven.push({ from: NOW, until: NOW });
    keyRing.put(scope, { ...key, state: 'suspended' });
    expect(await verify(token())).toEqual(refused('key_suspended'));
    expect(doubtful).toHaveLength(1);
  });

  it('is longer by how far a client may date off the clock, whatever its policy allows now', async () => {
    const { policy } = scope;
    keyRing.put({ ...scope, policy: { ...policy, clockSkewSeconds: 0 } }, key);
    unproven.push({ from: NOW - 60, until: NOW - 50 });
    for (const iat of [NOW - 60 - SKEW, NOW - 50 + SKEW])
      await expect(verify(dated(iat))).rejects.toMatchObject(unknown);
    for (const iat of [NOW - 61 - SKEW, NOW - 49 + SKEW])
      expect(await verify(dated(iat))).toEqual(refused('never_issued'));
    gaps.push(gap(NOW - 60, NOW - 50));
    for (const iat of [NOW - 60 - SKEW, NOW - 50 + SKEW])
      expect(await verify(dated(iat))).toEqual(refused('record_lost'));
    for (const iat of [NOW - 61 - SKEW, NOW - 49 + SKEW])
      expect(await verify(dated(iat))).toEqual(refused('never_issued'));
  });

  it('is a gap where two persons have accepted it as one', async () => {
    unproven.push({ from: NOW, until: NOW });
    gaps.push(gap(NOW, NOW));
    expect(await verify(token())).toEqual(refused('record_lost'));
    expect(doubtful).toEqual([]);
  });
});

describe('a revoked token', () => {
  it('is refused by what the ledger says of it', async () => {
    await record(token());
    const seen: RevocableToken[] = [];
    covers = (of) => {
      seen.push(of);
      return true;
    };
    expect(await verify(token())).toEqual(refused('revoked'));
    expect(seen).toMatchObject([
      { scopeId: 'payments', jti: 'jti-1', root: 'sign-in-1', clientId: 'checkout', iat: NOW },
    ]);
  });

  it('that was never issued is a forgery first', async () => {
    covers = () => true;
    expect(await verify(token())).toEqual(refused('never_issued'));
  });
});

describe('what is told to the detections', () => {
  const tokenTold = () => told.map((happening) => happening.kind === 'verified' && happening.token);
  const suspend = () => keyRing.put(scope, { ...key, state: 'suspended' });

  it('of a good token is that there was one, of another why not, and by whom it was shown', async () => {
    await record(token());
    await verifier.verify('payments', token(), { clientId: 'mail', remote: '127.0.0.1', requestId: 'r' });
    await verify('x');
    await verify(signedBy(pair, { ...header, jku: 'https://evil.example' }, claims));
    const shown = { kind: 'verified', at: NOW, scope: 'payments', token: null };
    expect(told).toEqual([
      { ...shown, client: 'mail', reason: null, suspiciousHeader: null },
      { ...shown, client: null, reason: 'malformed', suspiciousHeader: null },
      { ...shown, client: null, reason: 'malformed', suspiciousHeader: 'jku' },
    ]);
  });

  it('of a key out of use is what it really signed, and whether it is on record; the answer stays', async () => {
    suspend();
    await record(token());
    expect(await verify(token())).toEqual(refused('key_suspended'));
    expect(await verify(token({ jti: 'jti-9' }))).toEqual(refused('key_suspended'));
    expect(await verify(signedBy(softwareKey('ES256'), header, claims))).toEqual(refused('key_suspended'));
    const genuine = {
      digest: digest(token()).toString('base64url'),
      kid: pair.kid,
      keyState: 'suspended',
      keyScope: 'payments',
      signFrom: key.signFrom,
      signUntil: key.signUntil,
      claims,
      namesScope: true,
    };
    expect(tokenTold()).toMatchObject([{ ...genuine, recorded: true }, { recorded: false }, null]);
    expect(forgeries).toMatchObject([{ claims: { jti: 'jti-9' }, record: undefined }]);
  });

  it('of another scope’s key is whether the token names the scope that it is shown for', async () => {
    const mail = aScope({ id: 'mail', audience: 'mail-api' });
    const other = softwareKey('ES256');
    keyRing.put(mail, aSigningKey(mail, other, { signFrom: NOW - DAY, signUntil: NOW + DAY }));
    const named = { ...header, kid: other.kid };
    expect(await verify(signedBy(other, named, claims))).toEqual(refused('wrong_scope'));
    expect(await verify(signedBy(other, named, { ...claims, aud: 'mail-api' }))).toEqual(
      refused('wrong_scope'),
    );
    expect(await verify(signedBy(pair, named, claims))).toEqual(refused('wrong_scope'));
    expect(told).toMatchObject([
      { token: { keyScope: 'mail', namesScope: true, recorded: false } },
      { token: { keyScope: 'mail', namesScope: false, recorded: false } },
      { token: null },
    ]);
    expect(forgeries.map(({ scope: { id }, kid }) => [id, kid])).toEqual([
      ['mail', other.kid],
      ['mail', other.kid],
    ]);
  });

  it('of a key out of use leaves open what a ledger that is away does not say', async () => {
    suspend();
    find = async () => {
      throw new KeywardError('ledger_unavailable', 'away');
    };
    expect(await verify(token())).toEqual(refused('key_suspended'));
    expect(tokenTold()).toMatchObject([{ recorded: null }]);
    find = async () => {
      throw new TypeError('a mistake of ours');
    };
    await expect(verify(token())).rejects.toThrow(TypeError);
  });
});

describe('what another front has just changed', () => {
  it('is asked for before a key counts as unknown, or as one that does not sign yet', async () => {
    const other = softwareKey('ES256');
    const made = aSigningKey(scope, other, { signFrom: NOW - DAY, signUntil: NOW + 1_000 });
    const shown = signedBy(other, { ...header, kid: other.kid }, claims);
    await record(shown, { kid: other.kid });
    const change = (next: SigningKey) => async () => {
      keyRing.put(scope, next);
      return true;
    };
    expect(await verify(shown)).toEqual(refused('unknown_key'));
    news = change({ ...made, state: 'pre_activation' });
    expect(await verify(shown)).toEqual(refused('outside_signing_window'));
    news = change(made);
    expect(await verify(shown)).toMatchObject({ valid: true });
    expect(forgeries).toEqual([]);
  });

  it('is no verdict where it cannot be asked for', async () => {
    news = async () => {
      throw new KeywardError('store_unavailable', 'away');
    };
    const other = softwareKey('ES256');
    const shown = signedBy(other, { ...header, kid: other.kid }, claims);
    await expect(verify(shown)).rejects.toMatchObject({ code: 'store_unavailable' });
    await record(token());
    expect(await verify(token())).toMatchObject({ valid: true });
    expect(await verify('x.y.z')).toEqual(refused('malformed'));
  });

  it('is not asked for where a token is good, or refused for what no change mends', async () => {
    const asking = vi.fn(async () => true);
    news = asking;
    await record(token());
    expect(await verify(token())).toMatchObject({ valid: true });
    expect(await verify('x.y.z')).toEqual(refused('malformed'));
    expect(await verify(token({ aud: 'https://other.example' }))).toMatchObject({ valid: false });
    expect(asking).not.toHaveBeenCalled();
  });
});
