import { expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../../src/kernel/policy.ts';
import { validateScope } from '../../../src/kernel/scope.ts';
import {
  changedScope,
  changesKeySet,
  isUnchanged,
  scopeDifference,
} from '../../../src/kernel/scope-change.ts';
import { aScope } from '../../support/software-keys.ts';

const SCOPE = aScope({ id: 'payments', contacts: ['a@id.example'] });

it('names what was and is in the API’s words, and which of it takes two persons', () => {
  const after = changedScope(SCOPE, {
    policy: { maxTtlSeconds: 7200, clockSkewSeconds: 10, tokenTypes: ['JWT'] },
    contacts: ['b@id.example'],
  });
  expect(scopeDifference(SCOPE, after)).toEqual({
    was: {
      max_ttl_seconds: 3600,
      clock_skew_seconds: 30,
      token_types: ['at+jwt', 'JWT'],
      contacts: ['a@id.example'],
    },
    is: {
      max_ttl_seconds: 7200,
      clock_skew_seconds: 10,
      token_types: ['JWT'],
      contacts: ['b@id.example'],
    },
    weakens: ['max_ttl_seconds', 'contacts'],
  });
});

it('takes two persons to have keys made on another HSM token', () => {
  expect(scopeDifference(SCOPE, changedScope(SCOPE, { hsmToken: 'partner' }))).toEqual({
    was: { hsm_token: 'primary' },
    is: { hsm_token: 'partner' },
    weakens: ['hsm_token'],
  });
});

it('takes two persons to have standbys made on another HSM token, and one to have them made there no more', () => {
  const elsewhere = changedScope(SCOPE, { standbyToken: 'partner' });
  expect(scopeDifference(SCOPE, elsewhere)).toEqual({
    was: { standby_token: null },
    is: { standby_token: 'partner' },
    weakens: ['standby_token'],
  });
  expect(scopeDifference(elsewhere, changedScope(elsewhere, { standbyToken: 'third' })).weakens).toEqual([
    'standby_token',
  ]);
  expect(scopeDifference(elsewhere, changedScope(elsewhere, { standbyToken: null }))).toEqual({
    was: { standby_token: 'partner' },
    is: { standby_token: null },
    weakens: [],
  });
  expect(changedScope(elsewhere, { hsmToken: 'third' }).standbyToken).toBe('partner');
});

it('leaves alone what the change does not name', () => {
  expect(changedScope(SCOPE, {})).toEqual(SCOPE);
  expect(changedScope(SCOPE, { contacts: [] })).toEqual({ ...SCOPE, contacts: [] });
  expect(isUnchanged(scopeDifference(SCOPE, changedScope(SCOPE, { contacts: ['a@id.example'] })))).toBe(true);
});

it.each([
  [{ clockSkewSeconds: 10 }, true],
  [{ jwksMaxAgeSeconds: 10 }, true],
  [{ maxStaleSeconds: 10 }, true],
  [{ maxTtlSeconds: 600 }, true],
  [{ tokenTypes: ['JWT'] as const }, true],
  [{ requireSubject: false }, true],
  [{ rootClaim: 'txn' }, true],
  [{ suspendOnForgery: true }, false],
  [{ externalClaims: true }, false],
  [{ cryptoperiodSeconds: 86_400 }, false],
])('whether %j makes another key set: %s', (policy, expected) => {
  expect(changesKeySet(SCOPE, changedScope(SCOPE, { policy }))).toBe(expected);
});

it.each([
  [{ policy: { ...DEFAULT_POLICY, cryptoperiodSeconds: 365 * 86_400 } }],
  [{ policy: { ...DEFAULT_POLICY, cryptoperiodSeconds: 3_931 } }],
  [{ contacts: ['a@id.example', 'b@id.example'] }],
  [{ standbyToken: 'partner' }],
])('takes a scope with %j', (change) => {
  validateScope({ ...SCOPE, ...change });
});

it.each([
  [
    { policy: { ...DEFAULT_POLICY, cryptoperiodSeconds: 365 * 86_400 + 1 } },
    'invalid_policy',
    'policy.cryptoperiod_seconds: use a whole number from 3600 to 31536000',
  ],
  [
    { policy: { ...DEFAULT_POLICY, defaultTtlSeconds: 3601 } },
    'invalid_policy',
    'policy.default_ttl_seconds: must not exceed max_ttl_seconds',
  ],
  [
    { policy: { ...DEFAULT_POLICY, maxTtlSeconds: 7200, cryptoperiodSeconds: 3600 } },
    'invalid_policy',
    'policy.cryptoperiod_seconds: must not be shorter than max_ttl_seconds',
  ],
  [
    { policy: { ...DEFAULT_POLICY, cryptoperiodSeconds: 3_930 } },
    'invalid_policy',
    'policy.cryptoperiod_seconds: must be longer than jwks_max_age_seconds, max_stale_seconds and clock_skew_seconds together: a standby has to be in every cache before it signs',
  ],
  [
    { contacts: ['a@id.example', 'a'] },
    'invalid_scope',
    'contacts.1: use an e-mail address such as security@example.com',
  ],
  [
    { standbyToken: 'primary' },
    'invalid_scope',
    'standby_token: name another HSM token than hsm_token, or none',
  ],
])('refuses a scope with %j', (change, code, message) => {
  expect(() => validateScope({ ...SCOPE, ...change })).toThrow(expect.objectContaining({ code, message }));
});

it('the same contacts in another order are no change, and one more is', () => {
  const both = { ...SCOPE, contacts: ['a@id.example', 'b@id.example'] };
  const named = (...contacts: string[]) => scopeDifference(both, changedScope(both, { contacts }));
  expect(isUnchanged(named('b@id.example', 'a@id.example'))).toBe(true);
  expect(named('b@id.example', 'a@id.example', 'c@id.example').weakens).toEqual(['contacts']);
  expect(named('b@id.example').weakens).toEqual(['contacts']);
});

it('takes contacts as a set: another order is no change, also beside one', () => {
  const scope = aScope({ id: 'payments', contacts: ['a@id.example', 'b@id.example'] });
  const contacts = ['b@id.example', 'a@id.example'];
  expect(changedScope(scope, { contacts })).toEqual(scope);
  expect(isUnchanged(scopeDifference(scope, { ...scope, contacts }))).toBe(true);
  const both = changedScope(scope, { contacts, policy: { maxTtlSeconds: 60 } });
  expect(both.contacts).toEqual(scope.contacts);
  expect(scopeDifference(scope, both).weakens).toEqual([]);
  expect(changedScope(scope, { contacts: ['a@id.example', 'a@id.example'] }).contacts).toHaveLength(2);
  expect(isUnchanged(scopeDifference(scope, changedScope(scope, { contacts: ['b@id.example'] })))).toBe(
    false,
  );
});
