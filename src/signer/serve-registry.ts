import type { Hsm } from './hsm.ts';
import type { KeyShelf } from './key-shelf.ts';
import type { Log } from './log.ts';
import { REGISTRY_LABEL } from './protocol.ts';
import { guardOfService } from './registry-guard.ts';
import { examineRegistryKey } from './registry-key.ts';

/**
 * Finds the registry key, proves it and puts it in service; where it is unproven, no binding can be believed.
 * Answers whether the HSM showed it at all.
 */
export async function serveRegistry(hsm: Hsm, shelf: KeyShelf, kid: string, log: Log): Promise<boolean> {
  const { key, found, unproven } = await hsm.direct.lend((session) =>
    examineRegistryKey(hsm.cryptoki, session, kid),
  );
  shelf.setRegistry(key && { ...key, guard: guardOfService(REGISTRY_LABEL, kid, hsm.cryptoki) });
  if (!key) log('fatal', 'the registry key is not proven, so no key serves', { kid, unproven });
  return found;
}
