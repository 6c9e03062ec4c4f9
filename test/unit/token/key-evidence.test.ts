import { expect, it } from 'vitest';
import { makeKey, proveNewKey } from '../../../src/keys/make-key.ts';
import { createBindingKeys } from '../../../src/keys/registry-key.ts';
import { composeKeyEvidence, readKeyEvidence } from '../../../src/token/key-evidence.ts';
import { FakeSigner } from '../../support/fake-signer.ts';
import { aScope, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const audit = softwareKey('ES256');
const signer = new FakeSigner();
const { registry } = signer;
const bindingKeys = createBindingKeys({
  ...registry,
  sign: async (signingInput) =>
    `${signingInput}.${(await signer.sign({ kid: registry.kid, signingInput })).toString('base64url')}`,
});
const making = { signer, bindingKeys, clock: { nowSeconds: () => NOW } };
const { key, proof, statement } = await proveNewKey(
  { signer },
  await makeKey(making, aScope({ id: 'payments' }), { hsmToken: 'primary', hsmId: 'aa'.repeat(16) }, 1),
);

const evidence = (changes: object = {}, by = audit, kid = audit.kid) => {
  const { publicJwk, bindingRecord, state, hsmToken } = key;
  const said = { publicJwk, proof: statement, bindingRecord, state, hsmToken, iat: NOW, ...changes };
  const signingInput = composeKeyEvidence(said, kid);
  return `${signingInput}.${by.sign(signingInput).toString('base64url')}`;
};
const read = (jws: string, bindingIssuer = registry) =>
  readKeyEvidence(jws, audit, new Map([[bindingIssuer.kid, bindingIssuer]]));

it('gives what the audit key, the binding key and the key itself stand for', async () => {
  const { publicJwk, binding, state, hsmToken } = key;
  expect(await read(evidence())).toEqual({ proof, binding, publicJwk, state, hsmToken, iat: NOW });
});

it.each([
  [
    'is by another key',
    () => read(evidence({}, softwareKey('ES256'))),
    'the statement has a wrong signature',
  ],
  ['names another key', () => read(evidence({}, audit, 'other')), 'the statement is not by the audit key'],
  ['is cut off', () => read(evidence().slice(0, -90)), 'the statement is malformed: not_compact'],
  ['names no state', () => read(evidence({ state: 'new' })), 'the statement has no state'],
  [
    'holds another record',
    () => read(evidence(), softwareKey('ES256')),
    'the binding record has another header',
  ],
  [
    'holds another key',
    () => read(evidence({ publicJwk: softwareKey('ES256').publicJwk })),
    'the proof by the key itself has another header',
  ],
])('refuses what %s', async (_, reading, message) => {
  await expect(reading()).rejects.toMatchObject({ message });
});
