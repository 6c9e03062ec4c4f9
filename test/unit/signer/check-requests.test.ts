import { describe, expect, it } from 'vitest';
import {
  requireBatch,
  requireHsmIds,
  requireReferences,
  requireSpecification,
} from '../../../src/signer/check-requests.ts';
import { AUDIT_LABEL, BINDING_LABEL, REGISTRY_LABEL } from '../../../src/signer/protocol.ts';

const HSM_ID = '0123456789abcdef0123456789abcdef';
const LABEL = `kw1.${'A'.repeat(43)}`;
const KID = 'B'.repeat(43);
const SPECIFICATION = { hsmId: HSM_ID, label: LABEL, algorithm: 'ES256', modulusBits: null } as const;

const FIRST = ['registryKid', 'auditKid'] as const;
const FURTHER = ['bindingKid'] as const;
const NOT_MADE = { registryKid: null, auditKid: null, bindingKid: null };

const wrong = (what: string) =>
  expect.objectContaining({ code: 'invalid_request', message: `the signer was given a wrong ${what}` });

describe('what a front may ask to be made', () => {
  it.each([
    ['an EC key', SPECIFICATION, FIRST],
    ['an RSA key', { ...SPECIFICATION, algorithm: 'RS256', modulusBits: 3072 } as const, FIRST],
    ['the registry key while there is none', { ...SPECIFICATION, label: REGISTRY_LABEL }, FIRST],
    ['a further token’s binding key', { ...SPECIFICATION, label: BINDING_LABEL }, FURTHER],
  ])('%s', (_, specification, serviceKeys) => {
    expect(() => requireSpecification(specification, { ...NOT_MADE, serviceKeys })).not.toThrow();
  });

  it.each([
    ['a registry key on a further token', REGISTRY_LABEL, FURTHER],
    ['an audit key on a further token', AUDIT_LABEL, FURTHER],
    ['a binding key on the first token', BINDING_LABEL, FIRST],
  ])('not %s', (_, label, serviceKeys) => {
    expect(() => requireSpecification({ ...SPECIFICATION, label }, { ...NOT_MADE, serviceKeys })).toThrow(
      wrong('label'),
    );
  });

  it.each<[string, object, string]>([
    ['a second registry key', { label: REGISTRY_LABEL }, 'label'],
    ['a second binding key', { label: BINDING_LABEL }, 'label'],
    ['a label that is no scope’s', { label: 'kw1.other' }, 'label'],
    ['an id that is too short', { hsmId: 'ab' }, 'hsmId'],
    ['an id in capitals', { hsmId: HSM_ID.toUpperCase() }, 'hsmId'],
    ['an algorithm by an inherited name', { algorithm: 'constructor' }, 'algorithm'],
    ['an RSA key without a length', { algorithm: 'RS256' }, 'modulusBits'],
    ['an RSA key that is too short', { algorithm: 'RS256', modulusBits: 1024 }, 'modulusBits'],
    ['an EC key with a length', { modulusBits: 2048 }, 'modulusBits'],
  ])('not %s', (_, changes, what) => {
    expect(() =>
      requireSpecification(
        { ...SPECIFICATION, ...changes },
        { registryKid: KID, auditKid: KID, bindingKid: KID, serviceKeys: [...FIRST, ...FURTHER] },
      ),
    ).toThrow(wrong(what));
  });
});

describe('what a front may ask to be signed and served', () => {
  const reference = { kid: KID, hsmId: HSM_ID, bindingRecord: 'a.b.c' };

  it('is pairs of text, and keys each named once', () => {
    expect(() => requireBatch([[KID, 'a.b']])).not.toThrow();
    expect(() => requireReferences([reference, { ...reference, kid: 'other' }])).not.toThrow();
  });

  it.each([
    ['bytes instead of a signing input', [[KID, Buffer.alloc(32)]]],
    ['half a pair', [[KID]]],
    ['no list', 'a.b'],
    ['more than a batch may hold', Array.from({ length: 16_385 }, () => [KID, 'a.b'])],
  ])('is not %s', (_, batch) => {
    expect(() => requireBatch(batch as unknown as Parameters<typeof requireBatch>[0])).toThrow(
      wrong('batch'),
    );
  });

  it('is as many keys as there is room for beside those that serve', () => {
    expect(() => requireReferences([reference], 1)).not.toThrow();
    expect(() => requireReferences([reference], 0)).toThrow(wrong('keys'));
  });

  it('is keys to be released by their ids, and by nothing else', () => {
    expect(() => requireHsmIds([HSM_ID, HSM_ID])).not.toThrow();
    for (const ids of [[KID], [null], HSM_ID, Array(100_001).fill(HSM_ID)]) {
      expect(() => requireHsmIds(ids as string[])).toThrow(wrong('keys'));
    }
  });

  it('is not one key twice', () => {
    expect(() => requireReferences([reference, reference])).toThrow(wrong('keys: each once'));
  });
});
