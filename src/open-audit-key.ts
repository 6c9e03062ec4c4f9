import type { Config } from './config.ts';
import type { ServiceKey } from './kernel/registry.ts';
import type { Signer } from './kernel/signer.ts';
import { formerAuditKeys } from './keys/hsm-replacements.ts';
import { type OpenedKey, openServiceKey } from './keys/registry-key.ts';
import type { AuditPublicKey } from './token/checkpoint.ts';

/** The audit key of the configuration, with those before it: see `openServiceKey`. */
export function openAuditKey(
  { hsm }: Config,
  row: ServiceKey | undefined,
  signer: Pick<Signer, 'sign'>,
): OpenedKey & AuditPublicKey {
  return { ...openServiceKey('audit', row, hsm.audit_key, signer), former: formerAuditKeys(hsm) };
}
