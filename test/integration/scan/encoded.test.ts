import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePin } from '../../../src/kernel/credential.ts';
import { EXPANSION_LIMITS } from '../../../src/scan/finding.ts';
import { scanContent } from '../../../src/scan/scan-content.ts';
import { once } from '../../../src/scan/scan-stream.ts';
import { CREDENTIAL, JWK, PEM, places, scanned, tokenLike } from '../../support/plant.ts';

const base64 = (value: string | Buffer) => Buffer.from(value).toString('base64');
const wrapped = (text: string, columns: number, between: string) =>
  (text.match(new RegExp(`.{1,${columns}}`, 'g')) ?? []).join(between);
const kinds = async (bytes: string | Buffer) => (await scanned(bytes)).map(({ sight }) => sight.kind);
const keys = async (bytes: string | Buffer) =>
  (await scanned(bytes)).map(({ sight }) =>
    sight.kind === 'private_key' ? `${sight.label}${sight.encrypted ? ', encrypted' : ''}` : sight.kind,
  );

describe('in base64', () => {
  it.each([
    ['a Kubernetes Secret', `data:\n  credential: ${base64(CREDENTIAL)}\n`, 'credential'],
    ['a key of a Kubernetes Secret', `data:\n  tls.key: ${base64(PEM.pkcs8)}\n`, 'private_key'],
    [
      'a folded scalar of YAML',
      `tls.key: |\n    ${wrapped(base64(PEM.sec1), 76, '\n    ')}\nother: x`,
      'private_key',
    ],
    [
      'a Docker configuration',
      JSON.stringify({ auths: { r: { auth: base64(`me:${CREDENTIAL}`) } } }),
      'credential',
    ],
    [
      'a Docker configuration within a Kubernetes Secret',
      `.dockerconfigjson: ${base64(JSON.stringify({ auths: { r: { auth: base64(`user:${CREDENTIAL}`) } } }))}`,
      'credential',
    ],
    ['a Basic header', `Authorization: Basic ${base64(`payments:${CREDENTIAL}`)}\r\n`, 'credential'],
    ['a data URL', `data:text/plain;base64,${base64(`x ${CREDENTIAL}`)}`, 'credential'],
    ['base64url', `?state=${Buffer.from(`??>>${CREDENTIAL}`).toString('base64url')}`, 'credential'],
    ['lines of MIME', wrapped(base64(`a mail\n${CREDENTIAL}\n`), 32, '\r\n'), 'credential'],
    ['lines within JSON', JSON.stringify({ key: wrapped(base64(PEM.pkcs1), 64, '\n') }), 'private_key'],
    ['JSON that escapes slashes', base64(`???${CREDENTIAL}`).replaceAll('/', '\\/'), 'credential'],
    ['a path', `cache/v1/${base64(CREDENTIAL)}`, 'credential'],
    ['UTF-16 beneath', base64(Buffer.from(`set TOKEN=${CREDENTIAL}`, 'utf16le')), 'credential'],
    ['UTF-16 around', Buffer.from(base64(`TOKEN=${CREDENTIAL}`), 'utf16le'), 'credential'],
    ['a token', base64(`Bearer ${tokenLike()}`), 'token'],
    ['a JWK', base64(JSON.stringify(JWK.ec)), 'private_key'],
    ['a PIN', base64(`pin: ${makePin()}`), 'pin'],
  ])('secrets are found: %s', async (_, text, kind) => expect(await kinds(text)).toEqual([kind]));

  it('nothing is made of its neighbours', async () => {
    const last = CREDENTIAL.at(-1) === '0' ? '1' : '0';
    for (const text of [
      base64(CREDENTIAL.slice(0, -1)),
      base64(CREDENTIAL.slice(0, -1) + last),
      base64(PEM.public),
    ]) {
      expect(await kinds(text)).toEqual([]);
    }
  });

  it('a secret is placed at the character with its first bit, whatever stands before it', async () => {
    const prefix = fc.string({ unit: fc.constantFrom(...'ab /-_\n:='), maxLength: 40 });
    const check = fc.asyncProperty(
      prefix,
      fc.nat(30),
      fc.integer({ min: 40, max: 80 }),
      async (before, inner, columns) => {
        const lines = wrapped(base64('x'.repeat(inner) + CREDENTIAL), columns, '\n');
        const char = Math.floor((inner * 8) / 6);
        const offset = before.length + 1 + char + Math.floor(char / columns);
        expect(places(await scanned(`${before}:${lines}`))).toEqual([`credential ${offset}`]);
      },
    );
    await fc.assert(check, { numRuns: 200 });
  });

  it('a secret is found once, at its place, however the stream is cut', async () => {
    const text = Buffer.from(`${'A'.repeat(9_000)}${base64(`xx${CREDENTIAL}`)}${'B'.repeat(9_000)}`);
    for (const chunks of [[1_000], [4_096, 7], [30_000]]) {
      const found = await scanned(text, { chunks, cut: { stretch: 4_096, reach: 8_192 } });
      expect(places(found)).toEqual(['credential 9002']);
    }
  });

  it.each([
    'A'.repeat(3_000_000),
    'AAAAAAAAAAAAAAAA\n'.repeat(200_000),
    'AAAAAAAAAAAAAAAA\\n'.repeat(200_000),
    '\\'.repeat(3_000_000),
    'QUFB'.repeat(700_000),
  ])(
    'what holds nothing is read to its end (%#)',
    async (text) => expect(await kinds(text)).toEqual([]),
    60_000,
  );
});

describe('private keys in other forms', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keys-'));
  const at = (name: string) => join(folder, name);
  const openssl = (...argv: string[]) => execFileSync('openssl', argv, { stdio: 'ignore' });
  const store = (name: string, ...more: string[]) => {
    openssl('pkcs12', '-export', '-in', at('cert'), '-out', at(name), ...more);
    return readFileSync(at(name));
  };
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const ed = generateKeyPairSync('ed25519');

  beforeAll(() => {
    const subject = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-subj', '/CN=x'];
    openssl('req', '-x509', ...subject, '-nodes', '-keyout', at('key'), '-out', at('cert'), '-days', '2');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['PKCS#8, RSA', rsa.export({ type: 'pkcs8', format: 'der' }), 'PRIVATE KEY'],
    ['PKCS#8, EC', ec.export({ type: 'pkcs8', format: 'der' }), 'PRIVATE KEY'],
    ['PKCS#8, Ed25519', ed.privateKey.export({ type: 'pkcs8', format: 'der' }), 'PRIVATE KEY'],
    ['PKCS#1', rsa.export({ type: 'pkcs1', format: 'der' }), 'RSA PRIVATE KEY'],
    ['SEC 1', ec.export({ type: 'sec1', format: 'der' }), 'EC PRIVATE KEY'],
    [
      'PKCS#8 under a password',
      ec.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' }),
      'ENCRYPTED PRIVATE KEY, encrypted',
    ],
  ])('are found in DER: %s, alone, within other bytes, and in base64', async (_, der, label) => {
    for (const bytes of [der, Buffer.concat([Buffer.alloc(999, 0x30), der, der.subarray(0, 20)])]) {
      expect(await keys(bytes)).toEqual([label]);
    }
    expect(await keys(`key: ${base64(der)}\n`)).toEqual([label]);
  });

  it('are not what is public, or cut short', async () => {
    expect(await keys(ed.publicKey.export({ type: 'spki', format: 'der' }))).toEqual([]);
    expect(await keys(rsa.export({ type: 'pkcs8', format: 'der' }).subarray(0, -1))).toEqual([]);
  });

  it('are found in PKCS#12: one that the empty password opens, and one that it does not', async () => {
    const open = store('open.p12', '-inkey', at('key'), '-passout', 'pass:');
    const bare = ['-nomac', '-keypbe', 'NONE', '-certpbe', 'NONE'];
    const locked = store('locked.p12', '-inkey', at('key'), '-passout', 'pass:x');
    expect(await keys(open)).toEqual(['PKCS#12']);
    expect(await keys(base64(open))).toEqual(['PKCS#12']);
    expect(await keys(store('bare.p12', '-inkey', at('key'), '-passout', 'pass:', ...bare))).toContain(
      'PKCS#12',
    );
    expect(await keys(locked)).toEqual(['PKCS#12, encrypted']);
    expect(await keys(store('certificates.p12', '-nokeys', '-passout', 'pass:'))).toEqual([]);
  });

  it('are taken for encrypted in a PKCS#12 file that is too large to be opened', async () => {
    writeFileSync(at('chain'), readFileSync(at('cert'), 'utf8').repeat(100));
    const large = store('large.p12', '-inkey', at('key'), '-passout', 'pass:', '-certfile', at('chain'));
    expect(large.length).toBeGreaterThan(32_768);
    expect(await keys(large)).toEqual(['PKCS#12, encrypted']);
    // Another sequence of that length and version.
    expect(await keys(Buffer.concat([large.subarray(0, 8), Buffer.alloc(40_000, 7)]))).toEqual([]);
  });

  it.each([
    ['none', 'PuTTY ssh-ed25519'],
    ['aes256-cbc', 'PuTTY ssh-ed25519, encrypted'],
  ])("are found in PuTTY's form with encryption %s", async (encryption, label) => {
    const lines = [
      'PuTTY-User-Key-File-3: ssh-ed25519',
      `Encryption: ${encryption}`,
      'Comment: me',
      'Public-Lines: 2',
      base64(Buffer.alloc(48, 1)),
      base64(Buffer.alloc(20, 2)),
      'Private-Lines: 1',
      base64(Buffer.alloc(36, 3)),
    ];
    for (const end of ['\n', '\r\n']) {
      const text = lines.join(end);
      expect(await keys(text)).toEqual([label]);
      expect(await keys(JSON.stringify({ text }))).toEqual([label]);
      expect(await keys(base64(text))).toEqual([label]);
    }
    expect(await keys(lines.slice(0, 6).join('\n'))).toEqual([]);
  });

  it.each([
    ['none', 'SSH2'],
    ['3des-cbc', 'SSH2, encrypted'],
  ])('are found in the form SSH2 with the cipher %s', async (cipher, label) => {
    const text = (value: string) => Buffer.concat([Buffer.from([0, 0, 0, value.length]), Buffer.from(value)]);
    const head = Buffer.from('3f6ff9eb00000100', 'hex');
    const body = Buffer.concat([
      head,
      text('dl-modp{sign{dsa-nist-sha1},dh{plain}}'),
      text(cipher),
      Buffer.alloc(200),
    ]);
    const lines = [
      '---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----',
      'Comment: "a key"',
      wrapped(base64(body), 70, '\n'),
      '---- END SSH2 ENCRYPTED PRIVATE KEY ----',
    ];
    expect(await keys(lines.join('\n'))).toEqual([label]);
    expect(await keys(lines.join('\n').replaceAll('PRIVATE', 'PUBLIC'))).toEqual([]);
  });

  it('a keystore of Java is said to be unread', async () => {
    const bytes = Buffer.concat([Buffer.from('feedfeed00000002', 'hex'), Buffer.alloc(500)]);
    const outcomes = [];
    for await (const each of scanContent(
      { name: 'a.jks', bytes: once(bytes) },
      { limits: EXPANSION_LIMITS },
    )) {
      outcomes.push(each);
    }
    expect(outcomes).toEqual([
      {
        place: 'a.jks',
        skipped:
          'Java keystore is not unpacked: convert it with keytool -importkeystore -deststoretype pkcs12',
      },
    ]);
  });
});
