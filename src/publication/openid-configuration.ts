import type { Scope } from '../kernel/scope.ts';

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
