import { hash } from 'node:crypto';
import type { Sight } from '../../scan/finding.ts';

/** Of what was found as much as tells its kind; of a private key and of a PIN, nothing. */
export function excerptOf(sight: Sight): string {
  const { secret } = sight;
  if (sight.kind === 'private_key') return sight.label;
  if (sight.kind === 'pin_candidate') return `${secret.length} characters`;
  if (sight.kind === 'credential')
    return `${secret.slice(0, 'kw_svc_'.length + 2)}… (${secret.length} characters)`;
  return `${secret.slice(0, 12)}… (${secret.length} characters and a signature)`;
}

/**
 * Names a secret wherever it stands, and tells nothing of it: there are too many to try. None of a PIN, of which there
 * are too few.
 */
export function fingerprintOf(sight: Sight): string | null {
  if (sight.kind === 'pin_candidate') return null;
  return hash('sha256', `keyward-scan ${sight.kind} ${sight.secret}`).slice(0, 32);
}
