import { createShim } from '../support/shim.ts';
import { createSoftHsm } from '../support/softhsm.ts';
import { describeSigner } from './signer-contract.ts';

describeSigner('the shim, which passes everything on', async () => {
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
