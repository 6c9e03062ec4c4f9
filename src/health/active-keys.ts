import { Outages } from '../events/outages.ts';
import type { Clock } from '../kernel/clock.ts';
import { type KeyRing, type KnownKey, type KnownKeys, lackedKeys } from '../kernel/key.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';

export interface ActiveKeyWatchDeps {
  readonly keyRing: Pick<KeyRing, 'scopes'> & Pick<KnownKeys, 'knownKeysOf'>;
  readonly events: EventRaiser;
  readonly clock: Clock;
}

/** A signer that lost sight of a key is replaced and sees it again by then. */
const PATIENCE_SECONDS = 10;

/** Tells of each scope whose active key its signer lacks. Answers how to look. */
export function createActiveKeyWatch({ keyRing, events, clock }: ActiveKeyWatchDeps): () => Promise<void> {
  let lacked: ReadonlyMap<string, KnownKey> = new Map();
  const outages = new Outages({
    clock,
    patienceSeconds: PATIENCE_SECONDS,
    report: ({ name: kid, since, why }) => {
      const { scopeId: scope, hsmToken: hsm_token } = (lacked.get(kid) as KnownKey).key;
      return securityEvent('key.active_missing', { scope, kid, hsm_token, since, why });
    },
  });
  return async () => {
    const now = new Map(lackedKeys(keyRing).map((known) => [known.key.kid, known]));
    for (const kid of lacked.keys()) if (!now.has(kid)) outages.ended(kid);
    lacked = now;
    for (const [kid, known] of now) outages.began(kid, reasonOf(known));
    outages.raiseEvents(events);
  };
}

function reasonOf({ proof: { status, reasons } }: KnownKey): string {
  return status === 'missing' ? 'the HSM does not show it' : `it is not proven: ${reasons.join('; ')}`;
}
