import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { WatchedKeyRing } from '../kernel/key.ts';
import type { Publication, PublishedDocument } from '../kernel/publication.ts';
import type { Scope } from '../kernel/scope.ts';
import { composeKeySet, type KeySetSigner, publish, publishedKeys, SignedKeySets } from './key-set.ts';

/** Of the names that IANA has registered; a Bearer token, which Keyward takes as well, is none of them. */
const CLIENT_AUTHENTICATION = ['client_secret_basic', 'client_secret_post'];

/**
 * RFC 8414 §2 and OpenID Connect Discovery §3, for a scope whose issuer is the URL under which Keyward serves
 * it; undefined for any other, since the issuer's own server has the word there. There are no authorization
 * and token endpoints: the identity service has those. `issuer` is that of the tokens to the letter.
 */
export function composeDiscovery(scope: Scope, publicUrl: string): object | undefined {
  const url = `${publicUrl}/scopes/${scope.id}`;
  if (wellKnownBase(scope.issuer) !== wellKnownBase(url)) return undefined;
  return {
    issuer: scope.issuer,
    jwks_uri: `${url}/jwks.json`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [scope.algorithm],
    introspection_endpoint: `${publicUrl}/v1/scopes/${scope.id}/introspect`,
    introspection_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
    revocation_endpoint: `${publicUrl}/v1/scopes/${scope.id}/revoke`,
    revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
  };
}

/** Where clients look for the metadata of an issuer: a terminating slash is not in it (RFC 8414 §3.1). */
function wellKnownBase(issuer: string): string {
  return new URL(issuer).href.replace(/\/$/, '');
}

export interface PublicationParts {
  readonly keyRing: WatchedKeyRing;
  readonly clock: Clock;
  /** How clients reach the data plane, without a trailing slash. */
  readonly publicUrl: string;
  readonly registryKey: KeySetSigner;
  /** Keys on further HSM tokens that sign key sets while the registry key cannot. */
  readonly deputies?: readonly KeySetSigner[];
}

const ATTEMPTS = 3;

/** Documents are composed when the ring has changed or a second has passed, and served from memory otherwise. */
export function createPublication(parts: PublicationParts): Publication {
  const { keyRing, clock, publicUrl, registryKey, deputies = [] } = parts;
  const keySets = new Map<string, { revision: number; second: number; document: PublishedDocument }>();
  const signedKeySets = new SignedKeySets({ first: registryKey, deputies }, clock);

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
