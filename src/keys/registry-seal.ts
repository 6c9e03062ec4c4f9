import type { RegistrySeal, RegistryWitness } from '../domain/registry-seal.ts';
import type { Signer } from '../kernel/signer.ts';
import {
  composeHeadStatement,
  composeRowStatement,
  headVersionIn,
  type RegistryPublicKey,
  readHeadStatement,
  readRowStatement,
} from '../token/registry-statement.ts';
import type { RegistryKey } from './registry-key.ts';

/** Signs and reads the registry's rows and head with the registry key. */
export function createRegistrySeal(key: RegistryKey, signer: Pick<Signer, 'sealed'>): RegistrySeal {
  return {
    ...createRegistryWitness(key),
    signRow: (statement) => key.sign(composeRowStatement(statement, key.kid)),
    signHead: (statement) => key.sign(composeHeadStatement(statement, key.kid)),
    async lastVersion(shown) {
      const { head } = await signer.sealed({ checkpoint: null, head: shown });
      return head === null ? 0 : headVersionIn(head);
    },
  };
}

/** Reads them without the HSM. */
export function createRegistryWitness(key: RegistryPublicKey): RegistryWitness {
  return {
    readRow: (jws) => readRowStatement(jws, key),
    readHead: (jws) => readHeadStatement(jws, key),
  };
}
