import { hash } from 'node:crypto';
import { expect, it } from 'vitest';
import { furthestVersion } from '../../../src/client/key-set-keeper.ts';
import { LiveState } from '../../../src/client/live-state.ts';
import { concerns, MOST_RULES, RevokedRules } from '../../../src/client/revoked-rules.ts';
import type { RevokedTokens, ScopeEvent } from '../../../src/kernel/publication.ts';
import { MAX_KEYS } from '../../../src/token/published-key-set.ts';

const rule = (sequence: number): RevokedTokens => ({
  sequence,
  jtiHash: String(sequence).padStart(43, '0'),
  rootHash: null,
  issuedFrom: null,
  issuedUntil: null,
  ask: false,
  lapsesAt: null,
});

const snapshot = (version: number): ScopeEvent => ({
  type: 'snapshot',
  version,
  keys: [{ kid: 'a', state: 'active' }],
  rootClaim: null,
  revocations: [],
  more: false,
  incomplete: false,
});

function following(): LiveState {
  const live = new LiveState({ nowSeconds: () => 0, onKeysChanged: () => {}, onRevoked: () => {} });
  live.apply(snapshot(7));
  return live;
}

it('a version far ahead is not believed, so that the versions after it count', () => {
  const live = following();
  const keys = [{ kid: 'b', state: 'active' } as const];
  for (const version of [furthestVersion(7) + 1, 1_000_005, Number.MAX_SAFE_INTEGER]) {
    expect(() => live.apply({ type: 'key_set', version, keys })).toThrow('too far ahead');
  }
  live.apply({ type: 'key_set', version: 8, keys });
  expect([live.version, live.stateOf('b')]).toEqual([8, 'active']);
});

it.each([8, furthestVersion(7)])('version %i counts after version 7', (version) => {
  const live = following();
  live.apply({ type: 'key_set', version, keys: [] });
  expect(live.version).toBe(version);
});

it('a snapshot tells the version that holds, as far as a first one may be', () => {
  const live = following();
  const furthest = furthestVersion(undefined);
  for (const version of [furthest, 5, furthestVersion(5) + 1]) {
    live.apply(snapshot(version));
    expect(live.version).toBe(version);
  }
  for (const version of [furthest + 1, Number.MAX_SAFE_INTEGER])
    expect(() => live.apply(snapshot(version))).toThrow('too far ahead');
});

it('keys that are told as withdrawn without end take no memory without end', () => {
  const live = following();
  const compromise = (n: number) => live.apply({ type: 'compromised', kid: `kid-${n}`, version: 7 });
  for (let n = 1; n < 2 * MAX_KEYS; n += 1) compromise(n);
  expect(() => compromise(2 * MAX_KEYS)).toThrow('too many keys');
  live.apply({ type: 'compromised', kid: 'a', version: 7 });
  expect(live.stateOf('a')).toBe('compromised');
});

it('more revocations than are kept: the service is asked', () => {
  const rules = new RevokedRules();
  for (let sequence = 1; sequence <= MOST_RULES; sequence += 1) rules.add(rule(sequence));
  expect([rules.size, rules.verify({}, null, 0)]).toEqual([MOST_RULES, undefined]);
  rules.add(rule(MOST_RULES + 1));
  expect([rules.size, rules.verify({}, null, 0)]).toEqual([MOST_RULES, 'ask']);
});

it('a token is hashed once for all revocations, and anew where the scope has another root claim', () => {
  let reads = 0;
  const claims = {
    get jti() {
      reads += 1;
      return 'gone';
    },
    iat: 1,
    txn: 'sign-in',
    sid: 'session',
  };
  const token = { claims, hashes: undefined };
  const of = (changes: Partial<RevokedTokens>) => ({ ...rule(1), jtiHash: null, ...changes });
  const sha256 = (text: string) => hash('sha256', text, 'base64url');
  expect(concerns(of({ jtiHash: sha256('gone') }), token, 'txn')).toBe(true);
  expect(concerns(of({ jtiHash: sha256('stays') }), token, 'txn')).toBe(false);
  expect(concerns(of({ rootHash: sha256('sign-in') }), token, 'txn')).toBe(true);
  expect(reads).toBe(1);
  expect(concerns(of({ rootHash: sha256('sign-in') }), token, 'sid')).toBe(false);
  expect(concerns(of({ rootHash: sha256('session') }), token, 'sid')).toBe(true);
  expect(reads).toBe(2);
});
