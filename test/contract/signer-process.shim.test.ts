import { createShim } from '../support/shim.ts';
import { createSoftHsm } from '../support/softhsm.ts';
import { signerProcessContract } from './signer-process-contract.ts';

signerProcessContract('the shim, which passes everything on', async () => {
  const softHsm = await createSoftHsm();
  const shim = await createShim({ realModule: softHsm.settings.modulePath });
  return {
    environment: { ...softHsm.environment, ...shim.environment },
    settings: { ...softHsm.settings, modulePath: shim.modulePath },
    remove() {
      shim.remove();
      softHsm.remove();
    },
  };
});
