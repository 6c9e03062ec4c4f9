import { existsSync } from 'node:fs';
import { usageFailure } from '../cli/failure.ts';
import { readJsonInput } from '../cli/input-file.ts';
import { loadConfig } from '../config.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { PublicJwk } from '../kernel/key.ts';
import { formerAuditKeys } from '../keys/hsm-replacements.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import { importPublicKey, readPublicJwk, thumbprint } from '../token/public-jwk.ts';

export interface Belief {
  readonly configFile: string;
  /** Thumbprint of the audit key, or a file with its JWK; default: the configuration's. */
  readonly auditKey?: string | undefined;
}

/** Not the source decides which key is believed, but the thumbprint, had from elsewhere. */
export function resolveTrustAnchor(
  { configFile, auditKey: given }: Belief,
  offered: readonly PublicJwk[],
): AuditPublicKey {
  const fromFile = given !== undefined && existsSync(given) ? keyIn(given) : undefined;
  const named = fromFile ? thumbprint(fromFile) : (given ?? loadConfig(configFile).hsm.audit_key);
  const jwk = [fromFile, ...offered].find((each) => each !== undefined && thumbprint(each) === named);
  if (named !== undefined && jwk) {
    return { kid: named, publicKey: importPublicKey(jwk), former: formerOf(configFile, named) };
  }
  throw new KeywardError(
    'invalid_config',
    named === undefined
      ? 'name the audit key: --audit-key takes its thumbprint, or a file with its JWK'
      : `what is verified does not hold the audit key ${named}; give its JWK in a file with --audit-key`,
  );
}

const HOLDS = 'a public JWK, or what /v1/checkpoints/latest answers';

/** The JWK itself, or what `/v1/checkpoints/latest` answers. */
function keyIn(file: string): PublicJwk {
  const value = readJsonInput(file, HOLDS);
  try {
    return readPublicJwk(value.public_jwk ?? value);
  } catch {
    throw usageFailure(`${file} holds no public key; it must be ${HOLDS}`);
  }
}

/** The keys before it, as the configuration of that very key names them. */
function formerOf(configFile: string, auditKid: string): AuditPublicKey['former'] {
  if (!existsSync(configFile)) return [];
  const { hsm } = loadConfig(configFile);
  return hsm.audit_key === auditKid ? formerAuditKeys(hsm) : [];
}

/** Undefined for what is no public key. */
export function jwkIn(json: string | undefined): PublicJwk | undefined {
  try {
    return json === undefined ? undefined : readPublicJwk(JSON.parse(json));
  } catch {
    return undefined;
  }
}

/** The one, or none. */
export function jwksIn(json: string | undefined): readonly PublicJwk[] {
  const jwk = jwkIn(json);
  return jwk ? [jwk] : [];
}
