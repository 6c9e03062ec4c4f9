import { usageFailure } from './cli/failure.ts';
import { readJsonInput } from './cli/input-file.ts';
import { type Config, loadConfig } from './config.ts';
import { KeywardError } from './kernel/errors.ts';
import type { PublicJwk } from './kernel/key.ts';
import { serviceKeysOf } from './hsm/tokens.ts';
import { readKeyEvidence } from './token/key-evidence.ts';
import { importPublicKey, readPublicJwk, thumbprint } from './token/public-jwk.ts';

const HOLDS = 'what `keyward key prove --out` wrote';

export interface EvidenceFile {
  readonly configFile: string;
  readonly file: string;
  /** Thumbprints to believe instead of the configuration's. */
  readonly auditKey?: string | undefined;
  readonly bindingKey?: string | undefined;
}

/**
 * Checks what `keyward key prove --out` wrote, with public keys alone. Which keys are believed, their thumbprints
 * say, had from elsewhere. `key_unproven`, `binding_refused` or `invalid_config` say what does not hold.
 */
export function verifyKeyEvidence({ configFile, file, auditKey, bindingKey }: EvidenceFile) {
  const given = readJsonInput(file, HOLDS);
  const [audit, binding] = [keyIn(given.audit_key, file), keyIn(given.binding_key, file)];
  const configured = auditKey && bindingKey ? [] : believedKeys(loadConfig(configFile));
  const named = (isOne: (role: string) => boolean) =>
    configured.flatMap(({ role, thumbprint: kid }) => (isOne(role) && kid !== undefined ? [kid] : []));
  const audits = auditKey ? [auditKey] : named((role) => role === 'audit');
  const vouchers = bindingKey ? [bindingKey] : named((role) => role !== 'audit');
  if (!audits.includes(thumbprint(audit)) || !vouchers.includes(thumbprint(binding))) {
    throw new KeywardError('invalid_config', 'the file is signed by other keys than those to be believed');
  }
  const voucher = { kid: thumbprint(binding), publicKey: importPublicKey(binding) };
  const statement = readKeyEvidence(
    String(given.evidence),
    { kid: thumbprint(audit), publicKey: importPublicKey(audit) },
    new Map([[voucher.kid, voucher]]),
  );
  const { proof, binding: bound, state, iat } = statement;
  return {
    valid: true,
    kid: proof.kid,
    scope: bound.scope,
    issuer: bound.issuer,
    audience: bound.audience,
    state,
    hsm_serial: proof.token.serial,
    firmware: proof.token.firmware,
    mechanism: proof.mechanism.name,
    nonce: proof.nonce,
    iat,
  };
}

function keyIn(value: unknown, file: string): PublicJwk {
  try {
    return readPublicJwk(value);
  } catch {
    throw usageFailure(`${file} lacks the public keys; it must be ${HOLDS}`);
  }
}

/** Those in use and those before them: what is kept of a key outlives the token that held it. */
function believedKeys(
  config: Config,
): readonly { readonly role: string; readonly thumbprint: string | undefined }[] {
  const former = config.hsm.replacements.flatMap(({ former: { registry_key, audit_key } }) => [
    { role: 'registry', thumbprint: registry_key.kid },
    { role: 'audit', thumbprint: audit_key.kid },
  ]);
  return [...serviceKeysOf(config), ...former];
}
