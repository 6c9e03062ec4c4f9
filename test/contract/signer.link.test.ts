import { createSignerLink } from '../../src/signer/signer-link.ts';
import { makeRegistryKey } from '../support/provisioned-token.ts';
import { signerOf } from '../support/signer-settings.ts';
import { createSoftHsm } from '../support/softhsm.ts';
import { signerContract } from './signer-contract.ts';

signerContract('the link over SoftHSM', async () => {
  const { environment, settings, remove } = await createSoftHsm();
  const { kid: registryKid } = await makeRegistryKey(environment, settings);
  const signer = createSignerLink({
    ...signerOf({ ...settings, registryKid }),
    environment,
    deadlines: { signMs: 10_000, generateMs: 60_000, openMs: 20_000 },
    queueLimit: 1_000,
    onEvent: () => {},
  });
  await signer.start();
  const close = async () => {
    await signer.stop();
    remove();
  };
  return { signer, registryKid, close };
});
