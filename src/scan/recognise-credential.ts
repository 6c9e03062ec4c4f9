import { credentialsIn } from '../kernel/credential.ts';
import type { Recogniser } from './finding.ts';

/** Keyward's own credentials, by prefix and checksum. */
export const credentials: Recogniser = {
  needles: ['kw_svc_', 'kw_ops_'],
  *find(text) {
    for (const { at, kind: of, text: secret } of credentialsIn(text)) {
      yield { at, sight: { kind: 'credential', of, secret } };
    }
  },
};
