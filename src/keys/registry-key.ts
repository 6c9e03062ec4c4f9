import type { KeyObject } from 'node:crypto';
import { KeywardError } from '../kernel/errors.ts';
import type { PublicJwk } from '../kernel/key.ts';
import type { ServiceKey } from '../kernel/registry.ts';
import type { Signer } from '../kernel/signer.ts';
import { importPublicKey, thumbprint } from '../token/public-jwk.ts';
import { verifySignature } from '../token/signature.ts';

/** One of the service's own keys, ready to sign and to check what it signed. */
export interface OpenedKey {
  readonly kid: string;
  readonly publicKey: KeyObject;
  readonly publicJwk: PublicJwk;
  /** A compact JWS over a signing input of one of the key's own typs; a key set comes with its keys' records. */
  sign(signingInput: string, bindingRecords?: readonly string[]): Promise<string>;
}

export type RegistryKey = Omit<OpenedKey, 'publicJwk'>;

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
  const publicKey = importPublicKey(row.publicJwk);
  return {
    kid: row.kid,
    publicKey,
    publicJwk: row.publicJwk,
    async sign(signingInput, bindingRecords) {
      const request = { kid: row.kid, signingInput };
      const signature = await signer
        .sign(bindingRecords ? { ...request, bindingRecords } : request)
        .catch((error: unknown) => refuse(role, error));
      if (!(await verifySignature('ES256', publicKey, signingInput, signature))) {
        throw new KeywardError('signature_wrong', 'the HSM gave a wrong signature', { retryAfterSeconds: 1 });
      }
      return `${signingInput}.${signature.toString('base64url')}`;
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
): RegistryKey {
  return openServiceKey('registry', row, fingerprint, signer);
}
