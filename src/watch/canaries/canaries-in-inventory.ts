import type { Canary, CanaryAlarm } from '../../kernel/canary.ts';
import type { InventoryFinding } from '../../kernel/inventory.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import { decoyLabel } from '../../kernel/scope.ts';
import type { CanaryIndex } from '../../canaries/canary-index.ts';

/** What an inventory has to know of decoy keys, and what it finds. */
export function canariesInInventory(book: CanaryIndex, alarm: CanaryAlarm, keyRing: Pick<KeyRing, 'scope'>) {
  const on = (hsmToken: string) => book.all().filter(({ key }) => key?.hsmToken === hsmToken);
  return {
    on: (hsmToken: string) => ({
      standing: on(hsmToken).flatMap((canary) => asLeft(canary, keyRing)),
      going: on(hsmToken).flatMap(({ key, retiredAt }) =>
        key && (retiredAt !== null || key.made === null) ? [key.hsmId] : [],
      ),
    }),
    found({ kid, details }: InventoryFinding): void {
      const canary = kid === null ? undefined : book.ofKid(kid);
      if (!canary) return;
      alarm.touched(canary, { use: 'inventory', caller: null, remote: undefined, requestId: null, details });
    },
  };
}

function asLeft({ key, scopeId, retiredAt }: Canary, keyRing: Pick<KeyRing, 'scope'>) {
  const scope = scopeId === null ? undefined : keyRing.scope(scopeId);
  if (!key?.made || !scope || retiredAt !== null) return [];
  return [{ hsmId: key.hsmId, kid: key.made.kid, scopeId, label: decoyLabel(key.hsmId) }];
}
