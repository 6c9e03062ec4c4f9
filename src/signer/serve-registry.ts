import type { Voucher } from '../token/binding-record.ts';
import type { Hsm } from './hsm.ts';
import type { KeyShelf } from './key-shelf.ts';
import type { Log } from './log.ts';
import { AUDIT_LABEL, BINDING_LABEL, REGISTRY_LABEL, type ServiceKids } from './protocol.ts';
import { guardOfService } from './registry-guard.ts';
import { examineServiceKey } from './registry-key.ts';

const NAMES = { [REGISTRY_LABEL]: 'registry', [BINDING_LABEL]: 'binding' } as const;

/**
 * Finds the key that vouches for the binding records, proves it and puts it in service: the registry key, or a
 * further token's binding key. Where it is unproven, no binding can be believed. Answers whether the HSM showed
 * it at all; true where the configuration names none.
 */
export async function serveVoucher(
  hsm: Hsm,
  shelf: KeyShelf,
  { registryKid, bindingKid }: ServiceKids,
  others: readonly Voucher[],
  log: Log,
): Promise<boolean> {
  const kid = registryKid ?? bindingKid;
  if (kid === null) return true;
  const label = kid === registryKid ? REGISTRY_LABEL : BINDING_LABEL;
  const { key, found, unproven } = await hsm.direct.lend((session) =>
    examineServiceKey(hsm.cryptoki, session, label, kid),
  );
  shelf.setVoucher(key && { ...key, guard: guardOfService(label, key, hsm.cryptoki, others) });
  if (!key) log('fatal', `the ${NAMES[label]} key is not proven, so no key serves`, { kid, unproven });
  return found;
}

/** The same for the audit key; without it there are no checkpoints, and keys serve all the same. */
export async function serveAudit(
  hsm: Hsm,
  shelf: KeyShelf,
  kid: string,
  others: readonly Voucher[],
  log: Log,
): Promise<void> {
  const { key, unproven } = await hsm.direct.lend((session) =>
    examineServiceKey(hsm.cryptoki, session, AUDIT_LABEL, kid),
  );
  const vouchers = shelf.voucher ? [shelf.voucher, ...others] : others;
  shelf.setAudit(key && { ...key, guard: guardOfService(AUDIT_LABEL, key, hsm.cryptoki, vouchers) });
  if (!key) log('error', 'the audit key is not proven, so there are no checkpoints', { kid, unproven });
}
