import { expect, it } from 'vitest';
import { LiveState } from '../../../src/client/live-state.ts';
import { MOST_RULES, RevokedRules } from '../../../src/client/revoked-rules.ts';
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
  expect(() => live.apply({ type: 'key_set', version: Number.MAX_SAFE_INTEGER, keys })).toThrow(
    'too far ahead',
  );
  live.apply({ type: 'key_set', version: 8, keys });
  expect([live.version, live.stateOf('b')]).toEqual([8, 'active']);
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
