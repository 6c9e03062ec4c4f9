import { describe, expect, it } from 'vitest';
import {
  composeHeadStatement,
  composeRowStatement,
  readHeadStatement,
  readRowStatement,
} from '../../../src/token/registry-statement.ts';
import { signedBy, softwareKey } from '../../support/software-keys.ts';

const registry = softwareKey('ES256');
const HASH = 'A'.repeat(43);
const ROW = { table: 'clients', id: 'web', version: 7, contentHash: HASH };
const HEAD = { version: 7, previous: 6, buckets: Array.from({ length: 64 }, () => HASH) };
const sealed = (signingInput: string, key = registry) =>
  `${signingInput}.${key.sign(signingInput).toString('base64url')}`;
const header = (typ: string) => ({ alg: 'ES256', typ, kid: registry.kid });
const rowClaims = { table: 'clients', id: 'web', version: 7, content_sha256: HASH };

describe('the statement of a row', () => {
  it('is read back as it was signed', async () => {
    expect(await readRowStatement(sealed(composeRowStatement(ROW, registry.kid)), registry)).toEqual(ROW);
  });

  it('is no head, and a head is no row', async () => {
    const [row, head] = [composeRowStatement(ROW, registry.kid), composeHeadStatement(HEAD, registry.kid)];
    expect(await readHeadStatement(sealed(row), registry)).toBeUndefined();
    expect(await readRowStatement(sealed(head), registry)).toBeUndefined();
  });

  it.each([
    ['by another key', () => sealed(composeRowStatement(ROW, registry.kid), softwareKey('ES256'))],
    ['that names another kid', () => sealed(composeRowStatement(ROW, 'B'.repeat(43)))],
    ['of another typ', () => signedBy(registry, header('jwk-set+jwt'), rowClaims)],
    [
      'with another header member',
      () => signedBy(registry, { ...header('kw-registry-row+jwt'), cty: 'x' }, rowClaims),
    ],
    [
      'with a member too many',
      () => signedBy(registry, header('kw-registry-row+jwt'), { ...rowClaims, x: 1 }),
    ],
    ['of version 0', () => signedBy(registry, header('kw-registry-row+jwt'), { ...rowClaims, version: 0 })],
    [
      'without its hash',
      () => signedBy(registry, header('kw-registry-row+jwt'), { ...rowClaims, content_sha256: '' }),
    ],
    ['that is no token', () => 'a.b'],
  ])('is none %s', async (_, make) => {
    expect(await readRowStatement(make(), registry)).toBeUndefined();
  });
});

describe('the statement of the head', () => {
  it('is read back as it was signed, and fits a token', async () => {
    const jws = sealed(composeHeadStatement(HEAD, registry.kid));
    expect(jws.length).toBeLessThan(8_192);
    expect(await readHeadStatement(jws, registry)).toEqual(HEAD);
  });

  it.each([
    ['without a list', { version: 1, previous: 0 }],
    ['with an empty list', { version: 1, previous: 0, buckets: [] }],
    ['with what is no digest', { version: 1, previous: 0, buckets: [HASH, 'short'] }],
    ['with a version that is no number', { version: '1', previous: 0, buckets: [HASH] }],
    ['that does not say what it follows', { version: 1, buckets: [HASH] }],
    ['that follows itself', { version: 2, previous: 2, buckets: [HASH] }],
  ])('is none %s', async (_, claims) => {
    expect(
      await readHeadStatement(signedBy(registry, header('kw-registry-head+jwt'), claims), registry),
    ).toBeUndefined();
  });
});
