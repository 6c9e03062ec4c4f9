import { hash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { LedgerReader } from '../../../src/kernel/issuance.ts';
import type { KnownKey } from '../../../src/kernel/key.ts';
import type { IssuedQuestion, LedgerEntry } from '../../../src/kernel/ledger-search.ts';
import { hashedSubject } from '../../../src/kernel/policy.ts';
import type { TokenVerifier } from '../../../src/kernel/verification.ts';
import { createTokenExaminer, type TokenExaminer } from '../../../src/reports/examine.ts';
import { digestOf } from '../../../src/token/signing-input.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';
import { aScope, aSigningKey, signedBy, softwareKey } from '../../support/software-keys.ts';
import { FOUND_NOTHING } from '../../support/token-findings.ts';

const NOW = 1_800_000_000;
const HOUR = 3_600;
const pair = softwareKey('ES256');
const mail = aScope({ id: 'mail' });
const key = aSigningKey(mail, pair, { signFrom: NOW - HOUR, signUntil: NOW + HOUR, state: 'destroyed' });
const known: KnownKey = { key, proof: { status: 'unchecked', reasons: [] } };
const KEY = { kid: pair.kid, scope: 'mail', state: 'destroyed', proof: 'unchecked' };
const header = { alg: 'ES256', typ: 'at+jwt', kid: pair.kid };
const claims = { iat: NOW, exp: NOW + 300, jti: 'jti-1', sub: 'ada' };
const token = signedBy(pair, header, claims);
const altered = `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(86)}`;
const RECORD = {
  ...issuanceRecord(1),
  digest: digestOf(token.slice(0, token.lastIndexOf('.'))),
  scopeId: 'mail',
  kid: pair.kid,
  jti: 'jti-1',
  clientId: 'web',
  subject: 'ada',
  iat: NOW,
  exp: NOW + 300,
};
const TRACE = {
  sequence: null,
  scope: 'mail',
  kid: pair.kid,
  jti: 'jti-1',
  client: 'web',
  iat: NOW,
  exp: NOW + 300,
};
const ENTRY: LedgerEntry = { ...RECORD, sequence: 7, erased: false, archived: true };

let ledger: MemoryLedger;
let find: LedgerReader['find'];
let archived: readonly LedgerEntry[];
let verified: unknown[][];
let verdict: Awaited<ReturnType<TokenVerifier['verify']>>;
let asked: IssuedQuestion[];
let examiner: TokenExaminer;

beforeEach(() => {
  ledger = new MemoryLedger();
  find = (digest) => ledger.find(digest);
  archived = [];
  verified = [];
  asked = [];
  verdict = { valid: false, reason: 'expired' };
  examiner = createTokenExaminer({
    knownKeys: { knownKey: (kid) => (kid === pair.kid ? known : undefined) },
    ledger: { find: (digest, iat) => find(digest, iat) },
    issued: {
      issued: async (question) => {
        asked.push(question);
        const entries = question.by === 'jti' ? archived : [ENTRY];
        return { tokens: entries.length, entries, complete: true };
      },
    },
    revocations: { covers: ({ jti }) => jti === 'jti-1' },
    verifier: {
      verify: async (...given) => {
        verified.push(given);
        return verdict;
      },
    },
  });
});

const examine = (shown: string) =>
  examiner.examine({ scopeId: 'payments', token: shown, requestId: 'req-1' });
const BY = { clientId: null, remote: undefined, requestId: 'req-1', through: 'report' };

describe('a token that is reported', () => {
  it('is verified for the scope of its key, whatever became of the key, by nobody in particular', async () => {
    await ledger.record(RECORD);
    expect(await examine(token)).toMatchObject({
      signature: 'right',
      verdict: 'expired',
      key: KEY,
      record: TRACE,
      revoked: true,
      failure: null,
    });
    expect(verified).toEqual([['mail', token, BY]]);
  });

  it('tells what client and subject got, of six hours before and after, also where it was kept hashed', async () => {
    await ledger.record(RECORD);
    const { around } = await examine(token);
    const got = { tokens: 1, listed: [{ ...TRACE, sequence: 7 }], complete: true };
    expect(around).toEqual({ from: NOW - 6 * HOUR, to: NOW + 6 * HOUR, client: got, subject: got });
    const bounds = { from: NOW - 6 * HOUR, to: NOW + 6 * HOUR, limit: 20 };
    expect(asked).toEqual([
      { ...bounds, by: 'client', values: ['web'] },
      { ...bounds, by: 'subject', values: ['ada', hashedSubject('ada')] },
    ]);
  });

  it('of a record without a subject tells of the client alone', async () => {
    await ledger.record({ ...RECORD, subject: null });
    expect((await examine(token)).around?.subject).toBeNull();
  });

  it('keeps neither its subject nor any other claim', async () => {
    await ledger.record({ ...RECORD, subject: 'ada-lovelace' });
    const shown = signedBy(pair, header, { ...claims, sub: 'ada-lovelace', email: 'ada@example.org' });
    for (const each of [token, shown])
      expect(JSON.stringify(await examine(each))).not.toMatch(/lovelace|example/);
  });

  it('is found in an archive by its digest, not by its jti alone', async () => {
    archived = [{ ...ENTRY, digest: Buffer.alloc(32) }];
    expect((await examine(token)).record).toBeNull();
    archived = [{ ...ENTRY, digest: Buffer.alloc(32) }, ENTRY];
    expect((await examine(token)).record).toEqual({ ...TRACE, sequence: 7 });
    expect(asked[0]).toEqual({ by: 'jti', values: ['jti-1'], from: NOW, to: NOW, limit: 20 });
  });

  it('with a wrong signature is on record all the same', async () => {
    await ledger.record(RECORD);
    verdict = { valid: false, reason: 'bad_signature' };
    expect(await examine(altered)).toMatchObject({
      signature: 'wrong',
      verdict: 'bad_signature',
      record: TRACE,
    });
  });

  it.each([
    ['of another algorithm', signedBy(pair, { ...header, alg: 'ES384' }, claims), { key: KEY }, 'mail'],
    ['by a key that is not known', signedBy(pair, { ...header, kid: 'another' }, claims), {}, 'payments'],
  ])('%s is verified, where a decoy would be known, and is of no record', async (_, shown, found, scope) => {
    verdict = { valid: false, reason: 'unknown_key' };
    expect(await examine(shown)).toEqual({ ...FOUND_NOTHING, ...found, verdict: 'unknown_key' });
    expect(verified).toEqual([[scope, shown, BY]]);
  });

  it.each([
    ['that is none', 'what is this'],
    ['with a header that brings a key', signedBy(pair, { ...header, jku: 'https://evil' }, claims)],
  ])('%s is not verified: anybody may say what they like', async (_, shown) => {
    expect(await examine(shown)).toEqual({ ...FOUND_NOTHING, readable: false });
    expect(verified).toEqual([]);
  });

  it.each([{ iat: '1' }, { iat: 1.5 }, { jti: 7 }, { jti: 'a\0' }, { iat: 2 ** 53 - 1 }])(
    'with odd claims is looked into as far as it goes: %j',
    async (odd) => {
      const found = await examine(signedBy(pair, header, { ...claims, ...odd }));
      expect(found).toMatchObject({ signature: 'right', record: null, failure: null });
    },
  );

  it('tells what was found before something could not be asked, and what that was', async () => {
    find = () => Promise.reject(new KeywardError('ledger_unavailable', 'away'));
    expect(await examine(token)).toMatchObject({
      signature: 'right',
      verdict: 'expired',
      record: null,
      failure: 'ledger_unavailable',
    });
  });
});

it.each([
  ['a.b.c', 'a.b'],
  ['a.b.', 'a.b'],
  ['a.b', 'a'],
  ['nothing', 'nothing'],
  ['', ''],
])('the digest of %j is over %j', (shown, signed) => {
  expect(examiner.digestOf(shown)).toEqual(hash('sha256', signed, 'buffer'));
});
