import { createHash } from 'node:crypto';
import type { Clock } from '../domain/clock.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { Publication, PublishedDocument } from '../domain/publication.ts';
import type { Scope } from '../domain/scope.ts';
import { composeSigningInput } from '../token/signing-input.ts';
import { composeKeySet, publishedKeys } from './key-set.ts';
import { composeDiscovery } from './openid-configuration.ts';

export interface PublicationParts {
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  /** How clients reach the data plane, without a trailing slash. */
  readonly publicUrl: string;
  readonly registryKey: { readonly kid: string; sign(signingInput: string): Promise<string> };
}

/** Documents are composed when the ring has changed or a second has passed, and served from memory otherwise. */
export function createPublication({ keyRing, clock, publicUrl, registryKey }: PublicationParts): Publication {
  const keySets = new Map<string, { revision: number; second: number; document: PublishedDocument }>();
  const signed = new Map<string, { source: string; until: number; document: Promise<PublishedDocument> }>();

  const keySet = (scope: Scope): PublishedDocument => {
    const [revision, second] = [keyRing.revision, clock.nowSeconds()];
    const cached = keySets.get(scope.id);
    if (cached?.revision === revision && cached.second === second) return cached.document;
    const body = JSON.stringify(composeKeySet(publishedKeys(keyRing, scope, clock), scope));
    const document = publish('application/jwk-set+json', body, scope.policy.jwksMaxAgeSeconds);
    keySets.set(scope.id, { revision, second, document });
    return document;
  };

  const sign = async (scope: Scope, keySetJson: string, iat: number): Promise<PublishedDocument> => {
    const { jwksMaxAgeSeconds, maxStaleSeconds } = scope.policy;
    const claims = {
      iss: scope.issuer,
      sub: scope.id,
      iat,
      exp: iat + jwksMaxAgeSeconds + maxStaleSeconds,
      version: scope.keySetVersion,
      ...JSON.parse(keySetJson),
    };
    const header = { alg: 'ES256', typ: 'jwk-set+jwt', kid: registryKey.kid } as const;
    const jws = await registryKey.sign(composeSigningInput(header, JSON.stringify(claims)));
    return publish('application/jwk-set+jwt', jws, jwksMaxAgeSeconds);
  };

  /** One signature serves for half the max-age, however many ask; a failed one is not kept. */
  const signedKeySet = (scope: Scope): Promise<PublishedDocument> => {
    const now = clock.nowSeconds();
    const { body } = keySet(scope);
    const cached = signed.get(scope.id);
    if (cached?.source === body && now < cached.until) return cached.document;
    const document = sign(scope, body, now);
    signed.set(scope.id, {
      source: body,
      until: now + Math.ceil(scope.policy.jwksMaxAgeSeconds / 2),
      document,
    });
    document.catch(() => signed.delete(scope.id));
    return document;
  };

  const within = <T>(scopeId: string, compose: (scope: Scope) => T): T | undefined => {
    const scope = keyRing.scope(scopeId);
    return scope && compose(scope);
  };

  return {
    keySet: (scopeId) => within(scopeId, keySet),
    signedKeySet: async (scopeId) => within(scopeId, signedKeySet),
    openidConfiguration: (scopeId) =>
      within(scopeId, (scope) => {
        const discovery = composeDiscovery(scope, publicUrl);
        return (
          discovery && publish('application/json', JSON.stringify(discovery), scope.policy.jwksMaxAgeSeconds)
        );
      }),
  };
}

function publish(contentType: string, body: string, maxAgeSeconds: number): PublishedDocument {
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  return { contentType, body, etag, maxAgeSeconds };
}
