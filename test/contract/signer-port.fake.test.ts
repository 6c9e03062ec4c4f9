import { FakeSigner } from '../support/fake-signer.ts';
import { signerPortContract } from './signer-port-contract.ts';

signerPortContract('the fake', async () => {
  const signer = new FakeSigner();
  return { signer, registryKid: signer.registry.kid, close: async () => {} };
});
