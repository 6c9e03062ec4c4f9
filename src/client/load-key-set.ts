import { MAX_KEY_SET_LENGTH } from '../token/published-key-set.ts';
import type { LoadedKeySet } from './key-set-keeper.ts';
import { pinnedKeys, readKeySet, readSignedKeySet } from './read-key-set.ts';
import type { Answer, Service } from './service.ts';
import type { Surroundings } from './time.ts';

export interface LoaderOptions {
  readonly scope: string;
  readonly issuer: string;
  readonly registryKey?: object | readonly object[] | undefined;
}

const COMMON = {
  method: 'GET',
  headers: { 'cache-control': 'no-cache' },
  maxBytes: MAX_KEY_SET_LENGTH,
} as const;

const DEADLINE_MS = 5_000;

/** How the key set of a scope is had: plain, or signed where the registry key is pinned. */
export function loaderOf(
  service: Service,
  { scope, issuer, registryKey }: LoaderOptions,
  { clock }: Surroundings,
  deadlineMs = DEADLINE_MS,
): () => Promise<LoadedKeySet> {
  if (registryKey === undefined) {
    const accept = ['application/jwk-set+json', 'application/json'];
    return async () => {
      const answer = await service.call({ ...COMMON, path: `scopes/${scope}/jwks.json`, accept, deadlineMs });
      return { set: readKeySet(answer.text, scope), maxAgeSeconds: maxAgeOf(answer) };
    };
  }
  const pinned = pinnedKeys(registryKey);
  return async () => {
    const accept = ['application/jwk-set+jwt'];
    const answer = await service.call({ ...COMMON, path: `scopes/${scope}/jwks.jwt`, accept, deadlineMs });
    const set = await readSignedKeySet(answer.text, { scope, issuer, pinned }, clock.nowSeconds());
    return { set, maxAgeSeconds: maxAgeOf(answer) };
  };
}

/** What is left of it where a cache in between has held the answer (RFC 9111 §4.2.3). */
function maxAgeOf({ headers }: Answer): number | undefined {
  const [, seconds] = /(?:^|[,\s])max-age=(\d{1,9})/i.exec(headers.get('cache-control') ?? '') ?? [];
  const age = Number(headers.get('age') ?? 0);
  return seconds === undefined ? undefined : Math.max(0, Number(seconds) - (age > 0 ? age : 0));
}
