import { FakeSigner } from '../support/fake-signer.ts';
import { signerContract } from './signer-contract.ts';

signerContract('the fake', async () => {
  const signer = new FakeSigner();
  return { signer, registryKid: signer.registry.kid, close: async () => {} };
});
