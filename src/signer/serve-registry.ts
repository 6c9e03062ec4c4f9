import type { SealedStatements } from '../kernel/signer.ts';
import { readCheckpoint } from '../token/checkpoint.ts';
import { thumbprint } from '../token/public-jwk.ts';
import { readHeadStatement } from '../token/registry-statement.ts';
import { SERVICE_ALGORITHM } from '../token/statement.ts';
import { CKA, findKeyPair, ifReadable, ObjectReader, PUBLIC_KEY } from './attributes.ts';
import type { Cryptoki } from './cryptoki.ts';
import { type Examination, examine, readPublicKey } from './examine.ts';
import type { Hsm, Session } from './hsm.ts';
import type { LoadedKeys } from './loaded-keys.ts';
import { AUDIT_LABEL, BINDING_LABEL, type Log, REGISTRY_LABEL } from './protocol.ts';
import { type Guarding, guardOfService } from './registry-guard.ts';
import type { ServiceKids } from './settings.ts';
import type { SealedRecord } from './state/signer-state.ts';

/**
 * The key with the label of the registry or the audit and the thumbprint that the configuration names: others
 * with that label are no matter, such as the halves that an interrupted `keyward init` left.
 */
function examineServiceKey(cryptoki: Cryptoki, session: Session, label: string, kid: string): Examination {
  const ids = publicKeysNamed(cryptoki, session, label, kid);
  const [hsmId] = ids;
  if (hsmId === undefined || ids.length > 1) {
    const unproven = [`there are ${ids.length} public keys of its label and kid, and there must be one`];
    return { attributes: {}, unproven, key: null, found: hsmId !== undefined };
  }
  const expected = { hsmId, label, algorithm: SERVICE_ALGORITHM, kid } as const;
  return examine(cryptoki, session, findKeyPair(cryptoki, session.handle, hsmId), expected);
}

/** Ids of the public keys, one for each object. */
function publicKeysNamed(cryptoki: Cryptoki, session: Session, label: string, kid: string): string[] {
  const template = [
    { type: CKA.CLASS, value: PUBLIC_KEY },
    { type: CKA.LABEL, value: label },
  ];
  return cryptoki.find(session.handle, template).flatMap((handle) => {
    const object = new ObjectReader(cryptoki, session.handle, handle);
    const jwk = ifReadable(() => readPublicKey(object, SERVICE_ALGORITHM));
    return jwk && thumbprint(jwk) === kid ? [object.bytes(CKA.ID).toString('hex')] : [];
  });
}

const NAMES = { [REGISTRY_LABEL]: 'registry', [BINDING_LABEL]: 'binding' } as const;

/**
 * Finds the key that vouches for the binding records, proves it and puts it in service: the registry key, or a
 * further token's binding key. Where it is unproven, no binding can be believed. Answers whether the HSM showed
 * it at all; true where the configuration names none.
 */
export async function serveBindingIssuer(
  hsm: Hsm,
  loadedKeys: LoadedKeys,
  { registryKid, bindingKid }: ServiceKids,
  guarding: Guarding,
  log: Log,
): Promise<boolean> {
  const kid = registryKid ?? bindingKid;
  if (kid === null) return true;
  const label = kid === registryKid ? REGISTRY_LABEL : BINDING_LABEL;
  const { key, found, unproven } = await hsm.direct.lend((session) =>
    examineServiceKey(hsm.cryptoki, session, label, kid),
  );
  loadedKeys.setBindingIssuer(key && { ...key, label, guard: guardOfService(label, key, guarding) });
  if (!key) log('fatal', `the ${NAMES[label]} key is not proven, so no key serves`, { kid, unproven });
  return found;
}

/** The same for the audit key; without it there are no checkpoints, and keys serve all the same. */
export async function serveAudit(
  hsm: Hsm,
  loadedKeys: LoadedKeys,
  kid: string,
  guarding: Guarding,
  log: Log,
): Promise<void> {
  const { key, unproven } = await hsm.direct.lend((session) =>
    examineServiceKey(hsm.cryptoki, session, AUDIT_LABEL, kid),
  );
  const others = loadedKeys.bindingIssuer ? [loadedKeys.bindingIssuer, ...guarding.others] : guarding.others;
  loadedKeys.setAudit(
    key && { ...key, label: AUDIT_LABEL, guard: guardOfService(AUDIT_LABEL, key, { ...guarding, others }) },
  );
  if (!key) log('error', 'the audit key is not proven, so there are no checkpoints', { kid, unproven });
}

/**
 * What this signer sealed last: a witness of the database beside the audit sinks. What the front shows counts as
 * far as the signer's own keys signed it, and raises what is known.
 */
export async function showSealed(
  loadedKeys: LoadedKeys,
  sealed: SealedRecord,
  { checkpoint, head }: SealedStatements,
  log: Log,
): Promise<SealedStatements> {
  const { audit, bindingIssuer } = loadedKeys;
  if (checkpoint !== null && audit && (await readCheckpoint(checkpoint, audit))) {
    learn('checkpoint', checkpoint);
  }
  if (head !== null && bindingIssuer && (await readHeadStatement(head, bindingIssuer))) learn('head', head);
  return sealed.last();

  function learn(kind: keyof SealedStatements, jws: string): void {
    if (sealed.learn(kind, jws))
      log('error', `the signer learned the last ${kind} from what it was shown`, {});
  }
}
