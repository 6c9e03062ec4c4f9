import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { WatchedKeyRing } from '../domain/key-ring.ts';
import type { Publication, PublishedDocument } from '../domain/publication.ts';
import type { Scope } from '../kernel/scope.ts';
import { publish } from './document.ts';
import { composeKeySet, publishedKeys } from './key-set.ts';
import { composeDiscovery } from './openid-configuration.ts';
import { type KeySetSigner, SignedKeySets } from './signed-key-sets.ts';

export interface PublicationParts {
  readonly keyRing: WatchedKeyRing;
  readonly clock: Clock;
  /** How clients reach the data plane, without a trailing slash. */
  readonly publicUrl: string;
  readonly registryKey: KeySetSigner;
}

const ATTEMPTS = 3;

/** Documents are composed when the ring has changed or a second has passed, and served from memory otherwise. */
export function createPublication({ keyRing, clock, publicUrl, registryKey }: PublicationParts): Publication {
  const keySets = new Map<string, { revision: number; second: number; document: PublishedDocument }>();
  const signedKeySets = new SignedKeySets(registryKey, clock);

  const keySet = (scope: Scope): PublishedDocument => {
    const [revision, second] = [keyRing.revision, clock.nowSeconds()];
    const cached = keySets.get(scope.id);
    if (cached?.revision === revision && cached.second === second) return cached.document;
    const { keys, kw_policy } = composeKeySet(publishedKeys(keyRing, scope, clock), scope);
    const of = { kw_scope: scope.id, kw_version: scope.keySetVersion };
    const body = JSON.stringify({ keys, kw_policy, ...of });
    const document = publish('application/jwk-set+json', body, scope.policy.jwksMaxAgeSeconds);
    keySets.set(scope.id, { revision, second, document });
    return document;
  };

  const signedKeySet = async (scopeId: string): Promise<PublishedDocument | undefined> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { revision } = keyRing;
      const scope = keyRing.scope(scopeId);
      if (!scope) return undefined;
      const document = await signedKeySets.document(scope, publishedKeys(keyRing, scope, clock));
      // The HSM takes its time: a key may have been withdrawn meanwhile.
      if (keyRing.revision === revision) return document;
    }
    throw new KeywardError('overloaded', 'the keys are changing; try again', { retryAfterSeconds: 1 });
  };

  const within = <T>(scopeId: string, compose: (scope: Scope) => T): T | undefined => {
    const scope = keyRing.scope(scopeId);
    return scope && compose(scope);
  };

  // Where signed sets are asked for, the next is made before anybody waits for it; a failure shows when one does.
  keyRing.changes.subscribe((scopeId) => {
    if (signedKeySets.holds(scopeId)) signedKeySet(scopeId).catch(() => undefined);
  });

  return {
    keySet: (scopeId) => within(scopeId, keySet),
    signedKeySet,
    openidConfiguration: (scopeId) =>
      within(scopeId, (scope) => {
        const discovery = composeDiscovery(scope, publicUrl);
        return (
          discovery && publish('application/json', JSON.stringify(discovery), scope.policy.jwksMaxAgeSeconds)
        );
      }),
  };
}
