import { describe, expect, it } from 'vitest';
import { type Accounts, compareInventory } from '../../../src/inventory/compare.ts';
import type { InventoryFinding } from '../../../src/kernel/key-proof.ts';
import type { InventoryObject, KeyProof } from '../../../src/kernel/signer.ts';
import { aScope, aSigningKey, softwareKey } from '../../support/software-keys.ts';

const scope = aScope({ id: 'payments' });
const key = aSigningKey(scope, softwareKey('ES256'), { signFrom: 10, signUntil: 100 });
const destroyed = aSigningKey(scope, softwareKey('ES256'), { signFrom: 1, signUntil: 9, state: 'destroyed' });
const { hsmId } = key.binding;
const OTHER = 'f'.repeat(32);
const NOTHING: Accounts = {
  expected: [],
  going: new Set(),
  gone: [],
  reserved: new Map(),
  own: [],
  canaries: [],
  refusedKids: new Set(),
};

const half = (
  of: 'private_key' | 'public_key' | 'secret_key',
  id: string | null,
  kid: string | null = null,
  label: string | null = 'kw1.x',
): InventoryObject => ({ class: of, hsmId: id, label, kid });
const pair = (id: string, kid: string) => [half('private_key', id), half('public_key', id, kid)];
const proof = (kid: string, ...unproven: string[]): KeyProof => ({
  kid,
  found: true,
  proven: unproven.length === 0,
  attributes: {},
  unproven,
});
const compare = (
  objects: readonly InventoryObject[],
  accounts: Partial<Accounts> = { expected: [key] },
  proofs: readonly KeyProof[] = [],
) => compareInventory({ objects, proofs }, { ...NOTHING, ...accounts });
const about = (kind: InventoryFinding['kind'], ...details: string[]) => [
  { kind, hsmId, kid: key.kid, scopeId: 'payments', details },
];

describe('a key that should be there', () => {
  it('is nothing to report where both halves are, and proven', () => {
    expect(compare(pair(hsmId, key.kid), { expected: [key] }, [proof(key.kid)])).toEqual([]);
  });

  it.each([
    ['both halves', [], 'its private and its public half is not there'],
    ['the private half', [half('public_key', hsmId, key.kid)], 'its private half is not there'],
    ['the public half', [half('private_key', hsmId)], 'its public half is not there'],
  ])('is missing without %s', (_, objects, detail) => {
    expect(compare(objects)).toEqual(about('missing', detail));
  });

  it('is not missing while its destruction is due', () => {
    expect(compare([], { going: new Set([hsmId]) })).toEqual([]);
    expect(compare(pair(hsmId, key.kid), { going: new Set([hsmId]) })).toEqual([]);
  });

  it('is in doubt where its id has several, its public key is another, or it is not as it must be', () => {
    expect(compare([...pair(hsmId, key.kid), half('public_key', hsmId, 'x')])).toEqual(
      about('duplicate', '1 private and 2 public keys have its id'),
    );
    expect(compare(pair(hsmId, 'another'))).toEqual(about('public_key_differs', 'its public key is another'));
    expect(compare([half('private_key', hsmId), half('public_key', hsmId)])).toEqual(
      about('public_key_differs', 'its public key is none that can be read'),
    );
    const flaw = 'CKA_EXTRACTABLE is true and must be false';
    expect(compare(pair(hsmId, key.kid), { expected: [key] }, [proof(key.kid, flaw)])).toEqual(
      about('changed', flaw),
    );
  });
});

describe('what nothing accounts for', () => {
  it('is unexpected, one finding for all that has one id', () => {
    expect(compare([...pair(OTHER, 'k'), half('secret_key', null, null, null)], {})).toEqual([
      {
        kind: 'unexpected',
        hsmId: OTHER,
        kid: 'k',
        scopeId: null,
        details: ['private key labelled kw1.x', 'public key labelled kw1.x'],
      },
      { kind: 'unexpected', hsmId: null, kid: null, scopeId: null, details: ['secret key without a label'] },
    ]);
  });

  it('is a leftover under an id that is reserved, and not destroyed under that of a key that was', () => {
    expect(compare([half('public_key', OTHER, 'k')], { reserved: new Map([[OTHER, 'mail']]) })).toEqual([
      { kind: 'leftover', hsmId: OTHER, kid: 'k', scopeId: 'mail', details: ['public key labelled kw1.x'] },
    ]);
    expect(compare([half('private_key', destroyed.binding.hsmId)], { gone: [destroyed] })).toEqual([
      {
        kind: 'not_destroyed',
        hsmId: destroyed.binding.hsmId,
        kid: destroyed.kid,
        scopeId: 'payments',
        details: ['private key labelled kw1.x'],
      },
    ]);
  });

  it('is neither a key whose row was refused, nor data and certificates', () => {
    expect(compare(pair(OTHER, 'refused'), { refusedKids: new Set(['refused']) })).toEqual([]);
    expect(compare([{ class: 'other', hsmId: null, label: 'a certificate', kid: null }], {})).toEqual([]);
  });
});

describe('the service’s own keys', () => {
  const own = [{ kid: 'r', name: 'registry' }];
  const finding = (kind: InventoryFinding['kind'], id: string | null, detail: string) => [
    { kind, hsmId: id, kid: 'r', scopeId: null, details: [detail] },
  ];

  it('are found by their public key', () => {
    expect(compare(pair(OTHER, 'r'), { own })).toEqual([]);
  });

  it('are missing, by halves too, and in doubt where there are several', () => {
    expect(compare([], { own })).toEqual(finding('missing', null, 'the registry key is not there'));
    expect(compare([half('public_key', OTHER, 'r')], { own })).toEqual(
      finding('missing', OTHER, 'the private half of the registry key is not there'),
    );
    expect(compare([...pair(OTHER, 'r'), half('private_key', OTHER)], { own })).toEqual(
      finding('duplicate', OTHER, '2 private and 1 public keys have its id'),
    );
  });
});

describe('a decoy key', () => {
  const canary = { hsmId, kid: key.kid, scopeId: 'payments', label: 'kw1.x' };
  const accounts = { canaries: [canary] };

  it('is nothing to report as it was left', () => {
    expect(compare(pair(hsmId, key.kid), accounts)).toEqual([]);
  });

  it('is nothing to report while it is made, or destroyed', () => {
    const going = { going: new Set([hsmId]) };
    expect([compare([], going), compare(pair(hsmId, key.kid), going)]).toEqual([[], []]);
  });

  it.each([
    ['gone', [], ['its private half is not there', 'its public half is not there']],
    ['without its private half', [half('public_key', hsmId, key.kid)], ['its private half is not there']],
    [
      'doubled under its id',
      [...pair(hsmId, key.kid), half('private_key', hsmId)],
      ['2 private keys have its id'],
    ],
    [
      'copied under another id',
      [...pair(hsmId, key.kid), ...pair(OTHER, key.kid)],
      [`a copy of it lies under the id ${OTHER}`],
    ],
    [
      'copied under none',
      [...pair(hsmId, key.kid), half('public_key', null, key.kid)],
      ['a copy of it lies under no id'],
    ],
    [
      'relabelled',
      [half('private_key', hsmId, null, 'kw1.y'), half('public_key', hsmId, key.kid, null)],
      ['its private half is labelled kw1.y', 'its public half is labelled with nothing'],
    ],
    ['another', pair(hsmId, 'k2'), ['its public key is k2']],
  ])('is told of where it is %s', (_, objects, details) => {
    expect(compare(objects, accounts)).toEqual(about('decoy', ...details));
  });

  it('leaves what is not its own to be told of as ever', () => {
    const stranger = half('private_key', OTHER);
    expect(compare([...pair(hsmId, key.kid), stranger], accounts)).toEqual(
      compare([stranger], {}).map((finding) => ({ ...finding, kind: 'unexpected' })),
    );
  });
});
