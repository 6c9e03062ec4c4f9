import { describe, expect, it } from 'vitest';
import { makeCredential } from '../../../src/kernel/credential.ts';
import { CREDENTIAL, JWK, PEM, places, scanned, tokenLike } from '../../support/plant.ts';

const kinds = async (text: string) => (await scanned(text)).map(({ sight }) => sight.kind);
const formats = async (text: string) =>
  (await scanned(text)).map(({ sight }) =>
    sight.kind === 'private_key' ? [sight.format, sight.label, sight.encrypted] : sight.kind,
  );

describe('credentials', () => {
  it.each([
    CREDENTIAL,
    `x${CREDENTIAL}x`,
    `Bearer ${CREDENTIAL}\n`,
    JSON.stringify(`\n${CREDENTIAL}`),
    makeCredential('ops').text,
  ])('are found whatever stands around them', async (text) =>
    expect(await kinds(text)).toEqual(['credential']),
  );

  it('are told from neighbours with another checksum, prefix or length', async () => {
    const last = CREDENTIAL.at(-1) === '0' ? '1' : '0';
    for (const text of [
      CREDENTIAL.slice(0, -1) + last,
      CREDENTIAL.replace('svc', 'abc'),
      CREDENTIAL.slice(0, -1),
    ]) {
      expect(await kinds(text)).toEqual([]);
    }
  });
});

describe('tokens', () => {
  const token = tokenLike();

  it.each([
    ['alone', token, 0],
    ['behind Bearer', `Bearer ${token}`, 7],
    ['in a URL', `https://a.example/?t%3D${token}&x`, 23],
    ['behind an escaped line end', `\\n${token}\\n`, 2],
    ['with more dots before', `foo.bar.${token}`, 8],
    ['with letters before', `AAA${token}`, 3],
    ['with an ellipsis before', `...${token}`, 3],
  ])('are found %s', async (_, text, offset) => {
    expect(places(await scanned(text))).toEqual([`token ${offset}`]);
  });

  it.each([
    [
      'without kid',
      `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${token.split('.').slice(1).join('.')}`,
    ],
    ['without iat', tokenLike({ exp: 1 })],
    ['with an iat that is no number', tokenLike({ iat: '1' })],
    ['cut short', token.slice(0, token.lastIndexOf('.'))],
  ])('are not what is %s', async (_, text) => expect(await kinds(text)).toEqual([]));
});

describe('private keys in PEM', () => {
  it.each([
    ['PKCS#8', PEM.pkcs8, 'PRIVATE KEY', false],
    ['SEC 1', PEM.sec1, 'EC PRIVATE KEY', false],
    ['PKCS#1', PEM.pkcs1, 'RSA PRIVATE KEY', false],
    ['encrypted PKCS#8', PEM.encryptedPkcs8, 'ENCRYPTED PRIVATE KEY', true],
    ['encrypted PKCS#1', PEM.encryptedPkcs1, 'RSA PRIVATE KEY', true],
  ])('are found in %s, as they are and escaped', async (_, pem, label, encrypted) => {
    const twice = JSON.stringify(JSON.stringify({ key: pem }));
    const indented = pem.replaceAll(/^/gm, '    ');
    for (const text of [pem, JSON.stringify({ key: pem }), twice, pem.replaceAll('\n', '\r\n'), indented]) {
      expect(await formats(text)).toEqual([['pem', label, encrypted]]);
    }
  });

  it('are found where their end is missing, and in source code', async () => {
    expect(await formats(PEM.pkcs8.slice(0, 150))).toEqual([['pem', 'PRIVATE KEY', false]]);
    const source = PEM.pkcs8
      .trim()
      .split('\n')
      .map((line) => `'${line}\\n' +`)
      .join('\n  ');
    expect(await formats(source)).toEqual([['pem', 'PRIVATE KEY', false]]);
  });

  it('are found in OpenSSH’s form, with a passphrase or without', async () => {
    const form = (body: string) =>
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`;
    const body = (cipher: string) => {
      const name = Buffer.from(cipher);
      const length = Buffer.from([0, 0, 0, name.length]);
      return Buffer.concat([Buffer.from('openssh-key-v1\0'), length, name, Buffer.alloc(60, 7)]).toString(
        'base64',
      );
    };
    expect(await formats(form(body('none')))).toEqual([['pem', 'OPENSSH PRIVATE KEY', false]]);
    expect(await formats(form(body('aes256-ctr')))).toEqual([['pem', 'OPENSSH PRIVATE KEY', true]]);
  });

  it('are found where the line ends are lost, or blanks', async () => {
    for (const between of ['', ' ']) {
      expect(await formats(PEM.pkcs1.replaceAll('\n', between))).toEqual([['pem', 'RSA PRIVATE KEY', false]]);
    }
  });

  it('are not public keys, certificates or the words alone', async () => {
    const words = '-----BEGIN PRIVATE KEY-----';
    expect(await kinds(`${words}AbortSignalAbsoluteOrientationSensorAbstractRangeAccelerometer`)).toEqual([]);
    expect(
      await kinds(`${words}\n\n### Entropy Check\n\nIn addition to detecting the above patterns, we also`),
    ).toEqual([]);
    for (const text of [words, `${words} goes here`, PEM.public]) {
      expect(await kinds(text)).toEqual([]);
    }
  });
});

describe('private JSON Web Keys', () => {
  it.each([
    ['EC', JWK.ec],
    ['RSA', JWK.rsa],
  ])('are found of type %s, as they are, escaped, spaced and among others', async (type, jwk) => {
    const inSet = JSON.stringify({
      keys: [
        { kty: 'EC', x: 'a' },
        { use: 'sig', x5c: ['{}'], ...jwk },
      ],
    });
    const last = JSON.stringify({ d: jwk.d, inner: { a: { b: 1 } }, kty: type });
    for (const text of [
      JSON.stringify(jwk),
      JSON.stringify(JSON.stringify(jwk)),
      JSON.stringify(jwk, null, 2),
      inSet,
      last,
    ]) {
      expect(await formats(text)).toEqual([['jwk', `${type} JWK`, false]]);
    }
  });

  it('are not public ones, and not a d beside somebody else’s kty', async () => {
    const { d, ...publicJwk } = JWK.ec;
    const apart = (characters: number) => ({ d, pad: 'x'.repeat(characters), ...publicJwk });
    expect(await kinds(JSON.stringify(apart(8_000)))).toEqual(['private_key']);
    for (const value of [
      apart(8_300),
      publicJwk,
      { d, key: publicJwk },
      { key: publicJwk, d },
      [{ d }, publicJwk],
      { d },
    ]) {
      expect(await kinds(JSON.stringify(value))).toEqual([]);
    }
  });
});

it('finds text in UTF-16 at even and odd places', async () => {
  const wide = Buffer.from(
    `key: ${CREDENTIAL} and ${tokenLike()} and ${PEM.sec1} ${JSON.stringify(JWK.ec)}`,
    'utf16le',
  );
  for (const before of [0, 1, 2, 7]) {
    const found = await scanned(Buffer.concat([Buffer.alloc(before, 0xff), wide]));
    expect(found.map(({ sight }) => sight.kind)).toEqual([
      'credential',
      'token',
      'private_key',
      'private_key',
    ]);
    expect(found[0]?.offset).toBe(before + 2 * 'key: '.length);
  }
});
