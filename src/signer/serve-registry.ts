import type { Hsm } from './hsm.ts';
import type { KeyShelf } from './key-shelf.ts';
import type { Log } from './log.ts';
import { AUDIT_LABEL, REGISTRY_LABEL } from './protocol.ts';
import { guardOfService } from './registry-guard.ts';
import { examineServiceKey } from './registry-key.ts';

/**
 * Finds the registry key, proves it and puts it in service; where it is unproven, no binding can be believed.
 * Answers whether the HSM showed it at all.
 */
export async function serveRegistry(hsm: Hsm, shelf: KeyShelf, kid: string, log: Log): Promise<boolean> {
  const { key, found, unproven } = await hsm.direct.lend((session) =>
    examineServiceKey(hsm.cryptoki, session, REGISTRY_LABEL, kid),
  );
  shelf.setRegistry(key && { ...key, guard: guardOfService(REGISTRY_LABEL, key, hsm.cryptoki) });
  if (!key) log('fatal', 'the registry key is not proven, so no key serves', { kid, unproven });
  return found;
}

/** The same for the audit key; without it there are no checkpoints, and keys serve all the same. */
export async function serveAudit(hsm: Hsm, shelf: KeyShelf, kid: string, log: Log): Promise<void> {
  const { key, unproven } = await hsm.direct.lend((session) =>
    examineServiceKey(hsm.cryptoki, session, AUDIT_LABEL, kid),
  );
  shelf.setAudit(key && { ...key, guard: guardOfService(AUDIT_LABEL, key, hsm.cryptoki) });
  if (!key) log('error', 'the audit key is not proven, so there are no checkpoints', { kid, unproven });
}
