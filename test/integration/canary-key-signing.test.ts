import { afterAll, beforeAll, expect, it } from 'vitest';
import { CanaryIndex } from '../../src/canaries/canary-index.ts';
import { watchSigner } from '../../src/canaries/triggers.ts';
import { scopeLabel } from '../../src/kernel/scope.ts';
import { createSignerLink, type SignerLink } from '../../src/signer/signer-link.ts';
import { canarySample, heardTriggers } from '../support/canary-samples.ts';
import { unchanging } from '../support/followed.ts';
import {
  claimsOf,
  makeRegistryKey,
  newHsmId,
  PAYMENTS,
  signingInputOf,
} from '../support/provisioned-token.ts';
import { signerOf } from '../support/signer-settings.ts';
import { createSoftHsm, type SoftHsm } from '../support/softhsm.ts';

let hsm: SoftHsm;
let signer: SignerLink;

beforeAll(async () => {
  hsm = await createSoftHsm();
  const { kid: registryKid } = await makeRegistryKey(hsm.environment, hsm.settings);
  signer = createSignerLink({
    ...signerOf({ ...hsm.settings, registryKid }),
    environment: hsm.environment,
    deadlines: { signMs: 10_000, generateMs: 60_000, openMs: 20_000 },
    queueLimit: 1_000,
    onEvent: () => {},
  });
  await signer.start();
});
afterAll(async () => {
  await signer.stop();
  hsm.remove();
});

it('no signer signs with a decoy key: it is refused as any that nobody knows, and told of', async () => {
  const hsmId = newHsmId();
  const label = scopeLabel(PAYMENTS);
  const made = await signer.generate({ hsmId, label, algorithm: 'ES256', modulusBits: null });
  const key = { hsmToken: 'primary', hsmId, made };
  const { alarm, heard } = heardTriggers();
  const book = new CanaryIndex(unchanging([canarySample({ kind: 'key', digest: null, key })]));
  const watched = watchSigner(signer, { index: book, alarm });
  const refusals = await Promise.all(
    [made.kid, 'A'.repeat(43)].map(async (kid) => {
      const signingInput = signingInputOf({ kid, algorithm: 'ES256' }, claimsOf(PAYMENTS));
      const [outcome] = await Promise.allSettled([watched.sign({ kid, signingInput })]);
      return outcome.status === 'rejected' ? [outcome.reason.code, outcome.reason.message] : outcome;
    }),
  );
  expect(refusals[0]).toEqual(['key_unproven', 'no proven key of this kid is in service']);
  expect(refusals[1]).toEqual(refusals[0]);
  expect(heard).toEqual([['c1', { use: 'sign', caller: null, remote: undefined, requestId: null }]]);
});
