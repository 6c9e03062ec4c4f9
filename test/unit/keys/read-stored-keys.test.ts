import { describe, expect, it } from 'vitest';
import type { Binding } from '../../../src/kernel/key.ts';
import type { StoredKey } from '../../../src/kernel/registry.ts';
import type { Scope } from '../../../src/kernel/scope.ts';
import { createKeyReader } from '../../../src/keys/load-ring.ts';
import { createBindingKeys } from '../../../src/keys/registry-key.ts';
import { composeBindingRecord } from '../../../src/token/binding-record.ts';
import { aScope, aSigningKey, type SoftwareKey, softwareKey } from '../../support/software-keys.ts';

const registry = softwareKey('ES256');
const payments = aScope({ id: 'payments' });
const mail = aScope({ id: 'mail' });
const pair = softwareKey('ES256');

function stored(
  changes: Partial<StoredKey> = {},
  bound: Partial<Binding> = {},
  signer: SoftwareKey = registry,
): StoredKey {
  const { publicKey: _, ...key } = aSigningKey(payments, pair, { signFrom: 10, signUntil: 100 });
  const binding = { ...key.binding, ...bound };
  const record = composeBindingRecord(binding, registry.kid, 10);
  const bindingRecord = `${record}.${signer.sign(record).toString('base64url')}`;
  return { ...key, binding, bindingRecord, ...changes };
}

const bindingKeys = createBindingKeys({ ...registry, sign: async (input) => input });

const outcome = (row: StoredKey, scopes: readonly Scope[] = [payments, mail]) => {
  const { keys, refused } = createKeyReader(bindingKeys)({ scopes, keys: [row] });
  return { kids: keys.map(({ kid }) => kid), why: refused.map(({ why }) => why) };
};

describe('I1: registry row, binding record, scope and public key agree, or the key is left out', () => {
  it('reads a key whose four places agree', () => {
    expect(outcome(stored())).toStrictEqual({ kids: [pair.kid], why: [] });
  });

  it.each([
    ['moved to another scope', stored({ scopeId: 'mail' }), 'scope: registry and binding record disagree'],
    [
      'under another kid',
      stored({ kid: registry.kid }),
      'thumbprint of the public key: registry and binding record disagree',
    ],
    [
      'with another public half',
      stored({ publicJwk: softwareKey('ES256').publicJwk }),
      'thumbprint of the public key: registry and binding record disagree',
    ],
    [
      'bound to another issuer',
      stored({}, { issuer: 'https://evil.example' }),
      'issuer: registry and binding record disagree',
    ],
    [
      'bound to another audience',
      stored({}, { audience: 'other' }),
      'audience: registry and binding record disagree',
    ],
    [
      'with a window wider than it was bound with',
      stored({ signUntil: 101 }),
      'signing window: wider than the binding record allows',
    ],
    [
      'with a window that starts before it was bound',
      stored({ signFrom: 9 }),
      'signing window: wider than the binding record allows',
    ],
  ])('leaves out a key that is %s', (_name, row, why) => {
    expect(outcome(row)).toStrictEqual({ kids: [], why: [why] });
  });

  it('leaves out a key on a token that the configuration does not name', () => {
    expect(outcome(stored({ hsmToken: 'issuer-b' }))).toStrictEqual({
      kids: [],
      why: ['the configuration names no HSM token issuer-b'],
    });
  });

  it('leaves out a key whose record is by the key of another token than its own', () => {
    const further = softwareKey('ES256');
    const keys = createBindingKeys(
      { ...registry, sign: async (input) => input },
      new Map([['issuer-b', { ...further, sign: async (input: string) => input }]]),
    );
    const { refused } = createKeyReader(keys)({
      scopes: [payments],
      keys: [stored({ hsmToken: 'issuer-b' })],
    });
    expect(refused.map(({ why }) => why)).toStrictEqual(['the binding record has another header']);
  });

  it('leaves out a key whose record another key signed', () => {
    expect(outcome(stored({}, {}, softwareKey('ES256')))).toMatchObject({
      kids: [],
      why: [expect.any(String)],
    });
  });

  it('leaves out a key whose scope is gone, and keeps the others', () => {
    const { keys, refused } = createKeyReader(bindingKeys)({
      scopes: [payments],
      keys: [stored({ scopeId: 'gone' }), stored()],
    });
    expect([keys.length, refused.length]).toStrictEqual([1, 1]);
  });
});
