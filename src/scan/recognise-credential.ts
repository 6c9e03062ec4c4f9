import { readCredential } from '../domain/credential.ts';
import type { Recogniser } from './finding.ts';

const SHAPE = /kw_(?:svc|ops)_[0-9A-Za-z]{36}/g;

/** Keyward's own credentials, by prefix and checksum. Nothing need stand around them: the checksum decides. */
export const credentials: Recogniser = {
  needles: ['kw_svc_', 'kw_ops_'],
  *find(text) {
    for (const { 0: secret, index: at } of text.matchAll(SHAPE)) {
      const credential = readCredential(secret);
      if (credential !== 'malformed')
        yield { at, sight: { kind: 'credential', of: credential.kind, secret } };
    }
  },
};
