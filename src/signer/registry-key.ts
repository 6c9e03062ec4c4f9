import { thumbprint } from '../token/public-jwk.ts';
import { CKA, ifReadable, ObjectReader } from './attributes.ts';
import type { Cryptoki } from './cryptoki.ts';
import { type Examination, examine } from './examine.ts';
import { findHalves, PUBLIC_KEY } from './objects.ts';
import { readPublicKey } from './public-key.ts';
import { REGISTRY_ALGORITHM } from './registry-guard.ts';
import type { Session } from './session-pool.ts';

/**
 * The key with the label of the registry or the audit and the thumbprint that the configuration names: others
 * with that label are no matter, such as the halves that an interrupted `keyward init` left.
 */
export function examineServiceKey(
  cryptoki: Cryptoki,
  session: Session,
  label: string,
  kid: string,
): Examination {
  const ids = publicKeysNamed(cryptoki, session, label, kid);
  const [hsmId] = ids;
  if (hsmId === undefined || ids.length > 1) {
    const unproven = [`there are ${ids.length} public keys of its label and kid, and there must be one`];
    return { attributes: {}, unproven, key: null, found: hsmId !== undefined };
  }
  const expected = { hsmId, label, algorithm: REGISTRY_ALGORITHM, kid } as const;
  return examine(cryptoki, session, findHalves(cryptoki, session.handle, hsmId), expected);
}

/** Ids of the public keys, one for each object. */
function publicKeysNamed(cryptoki: Cryptoki, session: Session, label: string, kid: string): string[] {
  const template = [
    { type: CKA.CLASS, value: PUBLIC_KEY },
    { type: CKA.LABEL, value: label },
  ];
  return cryptoki.find(session.handle, template).flatMap((handle) => {
    const object = new ObjectReader(cryptoki, session.handle, handle);
    const jwk = ifReadable(() => readPublicKey(object, REGISTRY_ALGORITHM));
    return jwk && thumbprint(jwk) === kid ? [object.bytes(CKA.ID).toString('hex')] : [];
  });
}
