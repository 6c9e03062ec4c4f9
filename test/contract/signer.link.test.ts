import { createSignerLink, type SignerLinkOptions } from '../../src/signer/signer-link.ts';
import { makeRegistryKey } from '../support/provisioned-token.ts';
import { startSignerHost } from '../support/signer-host.ts';
import { signerOf } from '../support/signer-settings.ts';
import { createSoftHsm, type SoftHsm } from '../support/softhsm.ts';
import { signerContract } from './signer-contract.ts';

type Remote = Pick<SignerLinkOptions, 'remote'> & { stop(): Promise<void> };

async function linkOver(startRemote: (hsm: SoftHsm) => Promise<Remote>) {
  const { environment, remove, ...hsm } = await createSoftHsm();
  const { kid: registryKid } = await makeRegistryKey(environment, hsm.settings);
  const settings = { ...hsm.settings, registryKid };
  const { remote, stop } = await startRemote({ ...hsm, environment, remove, settings });
  const signer = createSignerLink({
    ...signerOf(settings),
    remote,
    environment,
    deadlines: { signMs: 10_000, generateMs: 60_000, openMs: 20_000 },
    queueLimit: 1_000,
    onEvent: () => {},
  });
  await signer.start();
  const close = async () => {
    await signer.stop();
    await stop();
    remove();
  };
  return { signer, registryKid, close };
}

signerContract('the link over SoftHSM', () => linkOver(async () => ({ stop: async () => {} })));

signerContract('the link over SoftHSM, to a signer that runs by itself', () =>
  linkOver(async (hsm) => {
    const host = await startSignerHost(hsm);
    return { remote: host, stop: async () => void (await host.stop()) };
  }),
);
