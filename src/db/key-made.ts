import type { AuditEvent } from '../domain/audit.ts';
import type { NewKey } from '../kernel/registry.ts';

/** What the audit event of a key's making keeps: readable as it is, and signed by the key in `statement`. */
export function keyMade({ key, proof, statement }: NewKey): AuditEvent['details'] {
  const { attributes, mechanism, token } = proof;
  return {
    state: key.state,
    hsm_id: key.binding.hsmId,
    hsm_token: key.hsmToken,
    proof: { attributes, mechanism, token, statement },
  };
}
