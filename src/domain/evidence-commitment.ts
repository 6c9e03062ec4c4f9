import { hash } from 'node:crypto';

const TAG = Buffer.from('keyward-event-evidence-v1\0');

/**
 * What the audit trail keeps of a security event's evidence, and all that stays of it once it is erased:
 * SHA-256(salt ‖ tag ‖ JSON text).
 */
export function evidenceCommitment(salt: Uint8Array, evidenceJson: string): Buffer {
  return hash('sha256', Buffer.concat([salt, TAG, Buffer.from(evidenceJson)]), 'buffer');
}
