import { readFileSync } from 'node:fs';
import { loadConfig } from './config.ts';
import { KeywardError } from './domain/errors.ts';
import { serviceKeysOf } from './hsm-tokens.ts';
import { readKeyEvidence } from './token/key-evidence.ts';
import { importPublicKey, readPublicJwk, thumbprint } from './token/public-jwk.ts';

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
  const given = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const [audit, binding] = [readPublicJwk(given.audit_key), readPublicJwk(given.binding_key)];
  const configured = auditKey && bindingKey ? [] : serviceKeysOf(loadConfig(configFile));
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
