import { createShim } from './shim.ts';
import { createSoftHsm } from './softhsm.ts';

/** SoftHSM behind the shim, which passes everything on. */
export async function createPassingShim() {
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
}
