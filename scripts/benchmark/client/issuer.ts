import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Algorithm } from '../../../src/kernel/algorithm.ts';
import type { Scope } from '../../../src/kernel/scope.ts';
import { composePublishedKey, composePublishedPolicy } from '../../../src/token/published-key-set.ts';
import { aScope, type SoftwareKey, signedBy, softwareKey } from '../../../test/support/software-keys.ts';

/** A scope whose key is in memory, and a server of its key set: what every verifier of the run is given. */
export interface Issuer {
  readonly scope: Scope;
  readonly key: SoftwareKey;
  readonly url: string;
  readonly jwksUrl: string;
  /** That many good tokens, no two alike. */
  tokens(count: number): string[];
  close(): void;
}

const HOUR = 3_600;

export async function startIssuer(algorithm: Algorithm): Promise<Issuer> {
  const scope = aScope({ id: 'benchmark', algorithm });
  const key = softwareKey(algorithm);
  const now = Math.floor(Date.now() / 1_000);
  const { kid, publicJwk } = key;
  const window = { publishedAt: now - HOUR, signFrom: now - HOUR, signUntil: now + HOUR };
  const published = { kid, algorithm, publicJwk, ...window, verifyUntil: now + 3 * HOUR };
  const keySet = JSON.stringify({
    keys: [composePublishedKey(published)],
    kw_scope: scope.id,
    kw_version: 1,
    kw_policy: composePublishedPolicy(scope.policy),
  });
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/jwk-set+json').end(keySet);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let made = 0;
  const token = () =>
    signedBy(
      key,
      { alg: algorithm, typ: 'at+jwt', kid },
      {
        iss: scope.issuer,
        aud: scope.audience,
        iat: now,
        nbf: now,
        exp: now + HOUR,
        jti: `b1mlLCdsGzQ5Sw1f${made++}`,
        client_id: 'checkout',
        sub: 'user-17',
        scope: 'carts:read carts:write',
      },
    );
  return {
    scope,
    key,
    url,
    jwksUrl: `${url}/scopes/${scope.id}/jwks.json`,
    tokens: (count) => Array.from({ length: count }, token),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
