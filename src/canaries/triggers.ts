import type { RequestObserver } from '../kernel/activity.ts';
import type { LeakQuery, LeakReporter, LeakService } from '../kernel/credential.ts';
import type { KeyRing } from '../kernel/key.ts';
import type { InventoryFinding } from '../kernel/key-proof.ts';
import { canaryLabel } from '../kernel/scope.ts';
import type { Signer } from '../kernel/signer.ts';
import type { Canary, CanaryAlarm } from './canary.ts';
import type { CanaryIndex } from './canary-index.ts';

/**
 * A decoy that somebody reports to have found in public did not get there by itself. One that an operator looks up may be
 * where it was put; but looked up in silence, anybody's credential could first be told from a decoy.
 */
export function watchLeaks(
  next: LeakService,
  { index, alarm }: { readonly index: CanaryIndex; readonly alarm: CanaryAlarm },
): LeakService {
  const ring = (query: readonly LeakQuery[], by: LeakReporter) => {
    const { reportedBy: caller, remote, requestId, places } = by;
    for (const [at, { digest }] of query.entries()) {
      const canary = index.ofDigest(digest);
      if (!canary) continue;
      alarm.touched(canary, {
        use: caller === null ? 'report' : 'leak',
        caller,
        remote,
        requestId,
        details: [`found at ${places[at] || 'a place that was not told'}`],
      });
    }
  };
  return {
    report: (known, place) => next.report(known, place),
    reportPins: (pins, actor) => next.reportPins(pins, actor),
    withdraw: (known, place, actor) => next.withdraw(known, place, actor),
    find(query, by) {
      if (by) ring(query, by);
      return next.find(query, by);
    },
    lookUp(query, by, actor) {
      ring(query, by);
      return next.lookUp(query, by, actor);
    },
  };
}

/**
 * Whatever opened nothing is looked up, a decoy or not: what authenticates knows no decoys, and refuses one as it refuses
 * any that it does not know.
 */
export function watchCallers(next: RequestObserver, index: CanaryIndex, alarm: CanaryAlarm): RequestObserver {
  return {
    authenticated: (caller, remote) => next.authenticated(caller, remote),
    refused: (request) => next.refused(request),
    rejectedSecret(what) {
      next.rejectedSecret(what);
      const { text, ...touch } = what;
      for (const canary of index.shownIn(text)) alarm.touched(canary, touch);
    },
  };
}

/**
 * Nothing of this service asks for a signature by a decoy key: whoever does has their hands in it. The signer serves no
 * such key, and refuses as for any that it does not know.
 */
export function watchSigner(
  next: Pick<Signer, 'sign'>,
  { index, alarm }: { readonly index: CanaryIndex; readonly alarm: CanaryAlarm },
): Pick<Signer, 'sign'> {
  return {
    sign(request) {
      const canary = index.ofKid(request.kid);
      if (canary) {
        alarm.touched(canary, { use: 'sign', caller: null, remote: undefined, requestId: null });
      }
      return next.sign(request);
    },
  };
}

/** What an inventory has to know of decoy keys, and what it finds. */
export function canariesInInventory(index: CanaryIndex, alarm: CanaryAlarm, keyRing: Pick<KeyRing, 'scope'>) {
  const on = (hsmToken: string) => index.all().filter(({ key }) => key?.hsmToken === hsmToken);
  return {
    on: (hsmToken: string) => ({
      standing: on(hsmToken).flatMap((canary) => asLeft(canary, keyRing)),
      going: on(hsmToken).flatMap(({ key, retiredAt }) =>
        key && (retiredAt !== null || key.made === null) ? [key.hsmId] : [],
      ),
    }),
    found({ kid, details }: InventoryFinding): void {
      const canary = kid === null ? undefined : index.ofKid(kid);
      if (!canary) return;
      alarm.touched(canary, { use: 'inventory', caller: null, remote: undefined, requestId: null, details });
    },
  };
}

function asLeft({ key, scopeId, retiredAt }: Canary, keyRing: Pick<KeyRing, 'scope'>) {
  const scope = scopeId === null ? undefined : keyRing.scope(scopeId);
  if (!key?.made || !scope || retiredAt !== null) return [];
  return [{ hsmId: key.hsmId, kid: key.made.kid, scopeId, label: canaryLabel(key.hsmId) }];
}
