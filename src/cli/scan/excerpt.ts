import { hash } from 'node:crypto';
import { PIN_PREFIX } from '../../domain/pin.ts';
import type { Sight } from '../../scan/finding.ts';

/** As much of a secret as tells its kind: of a private key and of a PIN, nothing. */
export function excerptOf(sight: Sight): string {
  const { secret } = sight;
  if (sight.kind === 'private_key') return sight.label;
  if (sight.kind === 'pin') return sight.exact ? 'the PIN in the PIN file' : `${PIN_PREFIX}…`;
  if (sight.kind === 'credential')
    return `${secret.slice(0, 'kw_svc_'.length + 2)}… (${secret.length} characters)`;
  return `${secret.slice(0, 12)}… (${secret.length} characters and a signature)`;
}

/**
 * Names a secret wherever it stands. It tells nothing of a secret of which there are too many to try; the PIN of
 * `--pin-file` may be a short one, so it has none.
 */
export function fingerprintOf(sight: Sight): string | null {
  if (sight.kind === 'pin' && sight.exact) return null;
  return hash('sha256', `keyward-scan ${sight.kind} ${sight.secret}`).slice(0, 32);
}
