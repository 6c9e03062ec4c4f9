import graphene from 'graphene-pk11';
import pkcs11js from 'pkcs11js';
import { KeywardError } from '../kernel/errors.ts';
import { Cryptoki } from './cryptoki.ts';
import { calling } from './cryptoki-error.ts';

export interface LoadedModule {
  readonly module: graphene.Module;
  readonly cryptoki: Cryptoki;
  /** For what only opening and the making of a token call. */
  readonly lib: pkcs11js.PKCS11;
}

/**
 * Loads the PKCS#11 module and initialises it for several threads, without which asynchronous signing crashes.
 * `hsm_unavailable` where the file cannot be loaded; a failed C_Initialize is an outage to retry.
 */
export function loadModule(path: string): LoadedModule {
  const lib = new pkcs11js.PKCS11();
  try {
    lib.load(path);
  } catch (cause) {
    throw new KeywardError('hsm_unavailable', 'the PKCS#11 module cannot be loaded', { cause });
  }
  calling('C_Initialize', () => lib.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK }));
  return { module: new graphene.Module(lib), cryptoki: new Cryptoki(lib), lib };
}
