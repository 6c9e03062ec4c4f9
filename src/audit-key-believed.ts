import { existsSync, readFileSync } from 'node:fs';
import { loadConfig } from './config.ts';
import { KeywardError } from './domain/errors.ts';
import type { PublicJwk } from './domain/key.ts';
import type { AuditPublicKey } from './token/checkpoint.ts';
import { importPublicKey, readPublicJwk, thumbprint } from './token/public-jwk.ts';

export interface Belief {
  readonly configFile: string;
  /** Thumbprint of the audit key, or a file with its JWK; default: the configuration's. */
  readonly auditKey?: string | undefined;
}

/** Not the source decides which key is believed, but the thumbprint, had from elsewhere. */
export function believedKey(
  { configFile, auditKey: given }: Belief,
  offered: PublicJwk | undefined,
): AuditPublicKey {
  const fromFile = given !== undefined && existsSync(given) ? keyIn(given) : undefined;
  const named = fromFile ? thumbprint(fromFile) : (given ?? loadConfig(configFile).hsm.audit_key);
  const jwk = [fromFile, offered].find((each) => each !== undefined && thumbprint(each) === named);
  if (named !== undefined && jwk) return { kid: named, publicKey: importPublicKey(jwk) };
  throw new KeywardError(
    'invalid_config',
    named === undefined
      ? 'name the audit key: --audit-key takes its thumbprint, or a file with its JWK'
      : `what is verified does not hold the audit key ${named}; give its JWK in a file with --audit-key`,
  );
}

/** The JWK itself, or what `/v1/checkpoints/latest` answers. */
function keyIn(file: string): PublicJwk {
  const value = JSON.parse(readFileSync(file, 'utf8')) as { readonly public_jwk?: unknown };
  return readPublicJwk(value.public_jwk ?? value);
}

/** Undefined for what is no public key. */
export function jwkIn(json: string | undefined): PublicJwk | undefined {
  try {
    return json === undefined ? undefined : readPublicJwk(JSON.parse(json));
  } catch {
    return undefined;
  }
}
