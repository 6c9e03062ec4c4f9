import type { Hsm } from './hsm.ts';
import type { LoadedKeys } from './loaded-keys.ts';
import type { Log } from './log.ts';
import { AUDIT_LABEL, BINDING_LABEL, REGISTRY_LABEL } from './protocol.ts';
import { type Guarding, guardOfService } from './registry-guard.ts';
import { examineServiceKey } from './registry-key.ts';
import type { ServiceKids } from './settings.ts';

const NAMES = { [REGISTRY_LABEL]: 'registry', [BINDING_LABEL]: 'binding' } as const;

/**
 * Finds the key that vouches for the binding records, proves it and puts it in service: the registry key, or a
 * further token's binding key. Where it is unproven, no binding can be believed. Answers whether the HSM showed
 * it at all; true where the configuration names none.
 */
export async function serveVoucher(
  hsm: Hsm,
  shelf: LoadedKeys,
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
  shelf.setBindingIssuer(key && { ...key, label, guard: guardOfService(label, key, guarding) });
  if (!key) log('fatal', `the ${NAMES[label]} key is not proven, so no key serves`, { kid, unproven });
  return found;
}

/** The same for the audit key; without it there are no checkpoints, and keys serve all the same. */
export async function serveAudit(
  hsm: Hsm,
  shelf: LoadedKeys,
  kid: string,
  guarding: Guarding,
  log: Log,
): Promise<void> {
  const { key, unproven } = await hsm.direct.lend((session) =>
    examineServiceKey(hsm.cryptoki, session, AUDIT_LABEL, kid),
  );
  const others = shelf.bindingIssuer ? [shelf.bindingIssuer, ...guarding.others] : guarding.others;
  shelf.setAudit(
    key && { ...key, label: AUDIT_LABEL, guard: guardOfService(AUDIT_LABEL, key, { ...guarding, others }) },
  );
  if (!key) log('error', 'the audit key is not proven, so there are no checkpoints', { kid, unproven });
}
