import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { composeCheckpoint, isCheckpoint, readCheckpoint } from '../../../src/token/checkpoint.ts';
import { CHECKPOINT } from '../../support/checkpoint-samples.ts';

const KID = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function signed(signingInput: string, key: KeyObject = privateKey): string {
  const signature = sign('sha256', Buffer.from(signingInput), { key, dsaEncoding: 'ieee-p1363' });
  return `${signingInput}.${signature.toString('base64url')}`;
}
const claims = () =>
  JSON.parse(Buffer.from(composeCheckpoint(CHECKPOINT, KID).split('.')[1] ?? '', 'base64url').toString());

it('gives back what the audit key signed', async () => {
  const jws = signed(composeCheckpoint(CHECKPOINT, KID));
  expect(await readCheckpoint(jws, { kid: KID, publicKey })).toEqual(CHECKPOINT);
});

it('believes no other key, and no other kid', async () => {
  const jws = signed(composeCheckpoint(CHECKPOINT, KID));
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  expect(await readCheckpoint(jws, { kid: KID, publicKey: other.publicKey })).toBeUndefined();
  expect(await readCheckpoint(jws, { kid: `${KID.slice(0, -1)}w`, publicKey })).toBeUndefined();
});

it('believes no other typ', async () => {
  const [, payload] = composeCheckpoint(CHECKPOINT, KID).split('.');
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: KID })).toString('base64url');
  expect(await readCheckpoint(signed(`${header}.${payload}`), { kid: KID, publicKey })).toBeUndefined();
});

it.each<[string, object]>([
  ['a member too many', { extra: 1 }],
  ['number 0', { number: 0 }],
  ['a time in fractions', { iat: 1.5 }],
  ['a hash that is too short', { audit: { sequence: 1, hash: 'AAAA' } }],
  ['a hash with stray bits', { audit: { sequence: 1, hash: `${'A'.repeat(42)}B` } }],
  ['no chain of the ledger', { ledger: null }],
])('is no checkpoint with %s', (_, change) => {
  expect(isCheckpoint(claims())).toBe(true);
  expect(isCheckpoint({ ...claims(), ...change })).toBe(false);
});
