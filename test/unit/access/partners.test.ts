import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createLeakPartners } from '../../../src/access/partners.ts';

const pairs = {
  first: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  second: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const partners = createLeakPartners([
  { name: 'codehost', keys: { one: pem(pairs.first.publicKey) } },
  { name: 'registry', keys: { two: pem(pairs.second.publicKey) } },
]);
const body = Buffer.from('[{"token":"x","type":"y"}]');
const signed = (key: KeyObject, over = body) => sign('sha256', over, key).toString('base64');

describe('a report is that of the partner', () => {
  it('whose key signed it, byte for byte', () => {
    const by = (keyId: string, signature: string, over = body) =>
      partners.partnerOf({ keyId, signature, body: over });
    expect(by('one', signed(pairs.first.privateKey))).toBe('codehost');
    expect(by('two', signed(pairs.second.privateKey))).toBe('registry');
    for (const [keyId, signature, over] of [
      ['two', signed(pairs.first.privateKey)],
      ['three', signed(pairs.first.privateKey)],
      ['one', signed(pairs.first.privateKey), Buffer.from('[]')],
      ['one', signed(pairs.first.privateKey).slice(4)],
      ['one', 'not base64 at all!'],
      ['one', ''],
      ['__proto__', signed(pairs.first.privateKey)],
    ] as const) {
      expect(by(keyId, signature, over)).toBeUndefined();
    }
  });

  it('and nobody’s where none is configured', () => {
    expect(
      createLeakPartners([]).partnerOf({ keyId: 'one', signature: signed(pairs.first.privateKey), body }),
    ).toBeUndefined();
  });
});

it.each([
  [
    'a private key',
    pairs.first.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'is a private key: name the public one',
  ],
  ['no key', 'nonsense', 'is no public key in PEM'],
  [
    'a key on another curve',
    pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey),
    'is no key on the curve P-256',
  ],
  [
    'an RSA key',
    pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey),
    'is no key on the curve P-256',
  ],
])('refuses at the start a configuration with %s', (_, key, flaw) => {
  expect(() => createLeakPartners([{ name: 'codehost', keys: { one: key } }])).toThrow(
    expect.objectContaining({
      code: 'invalid_config',
      message: `leaks.partners: key one of codehost ${flaw}`,
    }),
  );
});

it('refuses an id that two keys have', () => {
  const keys = { one: pem(pairs.first.publicKey) };
  expect(() =>
    createLeakPartners([
      { name: 'a', keys },
      { name: 'b', keys },
    ]),
  ).toThrow(expect.objectContaining({ message: 'leaks.partners: key one of b has the id of another' }));
});
