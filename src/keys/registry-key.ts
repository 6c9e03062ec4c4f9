import type { KeyObject } from 'node:crypto';
import { KeywardError } from '../kernel/errors.ts';
import { FIRST_TOKEN, type PublicJwk } from '../kernel/key.ts';
import type { RegistrySeal, RegistryVerifier, ServiceKey } from '../kernel/registry.ts';
import type { Signer } from '../kernel/signer.ts';
import { importPublicKey, readPublicJwk, thumbprint } from '../token/public-jwk.ts';
import {
  composeHeadStatement,
  composeRowStatement,
  headVersionIn,
  readHeadStatement,
  readRowStatement,
} from '../token/registry-statement.ts';
import { isSignedBy, type StatementKey } from '../token/statement.ts';

/** One of the service's own keys, ready to sign and to check what it signed. */
export interface OpenedKey {
  readonly kid: string;
  readonly publicKey: KeyObject;
  readonly publicJwk: PublicJwk;
  /** A compact JWS over a signing input of one of the key's own typs; a key set comes with its keys' records. */
  sign(signingInput: string, bindingRecords?: readonly string[]): Promise<string>;
}

/**
 * The configuration's fingerprint decides which key is the registry's or the audit's; the database only remembers
 * it. A row that differs is refused with `invalid_config`.
 */
export function openServiceKey(
  role: ServiceKey['role'],
  row: ServiceKey | undefined,
  fingerprint: string | undefined,
  signer: Pick<Signer, 'sign'>,
): OpenedKey {
  if (!row || !fingerprint) {
    throw new KeywardError('invalid_config', `there is no ${role} key yet; run \`keyward init\``);
  }
  if (row.kid !== fingerprint || thumbprint(row.publicJwk) !== fingerprint) {
    throw new KeywardError(
      'invalid_config',
      `the ${role} key in the database is not the one that the configuration names`,
    );
  }
  const publicJwk = readPublicJwk(row.publicJwk);
  const publicKey = importPublicKey(publicJwk);
  return {
    kid: row.kid,
    publicKey,
    publicJwk,
    async sign(signingInput, bindingRecords) {
      const request = { kid: row.kid, signingInput };
      const signature = await signer
        .sign(bindingRecords ? { ...request, bindingRecords } : request)
        .catch((error: unknown) => refuse(role, error));
      const jws = `${signingInput}.${signature.toString('base64url')}`;
      if (await isSignedBy(jws, publicKey)) return jws;
      throw new KeywardError('signature_wrong', 'the HSM gave a wrong signature', { retryAfterSeconds: 1 });
    },
  };
}

/** The signer knows no names: it says of any key that it does not serve it. */
function refuse(role: ServiceKey['role'], error: unknown): never {
  if (!(error instanceof KeywardError) || error.code !== 'key_unproven') throw error;
  throw new KeywardError(
    'key_unproven',
    `the ${role.replace(/:.*/, '')} key is not in its HSM token, or not proven there; if the token that held it is lost: docs/runbooks/lost-hsm.md`,
    { cause: error },
  );
}

/** The registry key: see `openServiceKey`. */
export function openRegistryKey(
  row: ServiceKey | undefined,
  fingerprint: string | undefined,
  signer: Pick<Signer, 'sign'>,
): OpenedKey {
  return openServiceKey('registry', row, fingerprint, signer);
}

/** Signs and reads the registry's rows and head with the registry key. */
export function createRegistrySeal(key: OpenedKey, signer: Pick<Signer, 'sealed'>): RegistrySeal {
  return {
    ...createRegistryVerifier(key),
    signRow: (statement) => key.sign(composeRowStatement(statement, key.kid)),
    signHead: (statement) => key.sign(composeHeadStatement(statement, key.kid)),
    async lastVersion(shown) {
      const { head } = await signer.sealed({ checkpoint: null, head: shown });
      return head === null ? 0 : headVersionIn(head);
    },
  };
}

/** Reads them without the HSM. */
export function createRegistryVerifier(key: StatementKey): RegistryVerifier {
  return {
    readRow: (jws) => readRowStatement(jws, key),
    readHead: (jws) => readHeadStatement(jws, key),
  };
}

/** Whose word the binding records are: on each token a key that its own signer can ask what the HSM says (I8). */
export interface BindingKeys {
  /** `unknown_hsm_token` for one that the configuration does not name. */
  of(hsmToken: string): OpenedKey;
}

/** On the first token that is the registry key; `others`: of further tokens and of those that were lost. */
export function createBindingKeys(
  registryKey: OpenedKey,
  others: ReadonlyMap<string, OpenedKey> = new Map(),
): BindingKeys {
  return {
    of(hsmToken) {
      const key = hsmToken === FIRST_TOKEN ? registryKey : others.get(hsmToken);
      if (key) return key;
      throw new KeywardError('unknown_hsm_token', `the configuration names no HSM token ${hsmToken}`);
    },
  };
}
