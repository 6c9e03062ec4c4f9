import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { createRunKey } from '../../../src/kernel/audit-chain.ts';
import {
  composeRunCertificate,
  isCertified,
  isRunCertificate,
  readRunCertificate,
} from '../../../src/token/run-certificate.ts';

const KID = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { privateKey: _, ...RUN } = createRunKey(1_760_000_000);
const KEY = { kid: KID, publicKey };

function signed(signingInput: string, key: KeyObject = privateKey): string {
  const signature = sign('sha256', Buffer.from(signingInput), { key, dsaEncoding: 'ieee-p1363' });
  return `${signingInput}.${signature.toString('base64url')}`;
}
const input = composeRunCertificate(RUN, 1_760_000_005, KID);
const claims = () => JSON.parse(Buffer.from(input.split('.')[1] ?? '', 'base64url').toString());

it('gives back the run that the audit key certified', async () => {
  expect(await readRunCertificate(signed(input), KEY)).toEqual(RUN);
});

it('believes no other key', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  expect(await readRunCertificate(signed(input, other.privateKey), KEY)).toBeUndefined();
});

it.each([
  ['a member too many', { extra: 1 }],
  ['an id that is none', { run: '1' }],
  ['a key of another length', { public_key: 'AAAA' }],
  ['a time in fractions', { iat: 1.5 }],
  ['no start', { started_at: undefined }],
])('is no certificate with %s', (_, change) => {
  expect(isRunCertificate(claims())).toBe(true);
  expect(isRunCertificate({ ...claims(), ...change })).toBe(false);
});

it('certifies that run with that key and that start, and no other', async () => {
  const run = { ...RUN, certificate: signed(input) };
  expect(await isCertified(run, KEY)).toBe(true);
  for (const change of [
    { id: createRunKey(1).id },
    { publicKey: createRunKey(1).publicKey },
    { startedAt: 1 },
  ]) {
    expect(await isCertified({ ...run, ...change }, KEY)).toBe(false);
  }
  expect(await isCertified({ ...run, certificate: null }, KEY)).toBe(false);
});
