import type { Scope } from '../domain/scope.ts';

/**
 * RFC 8414 §2 and OpenID Connect Discovery §3, for a scope whose issuer is the URL under which Keyward serves
 * it; undefined for any other, since the issuer's own server has the word there. There are no authorization
 * and token endpoints: the identity service has those.
 */
export function composeDiscovery(scope: Scope, publicUrl: string): object | undefined {
  if (scope.issuer !== `${publicUrl}/scopes/${scope.id}`) return undefined;
  return {
    issuer: scope.issuer,
    jwks_uri: `${scope.issuer}/jwks.json`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [scope.algorithm],
    introspection_endpoint: `${publicUrl}/v1/scopes/${scope.id}/introspect`,
    introspection_endpoint_auth_methods_supported: ['Bearer'],
    revocation_endpoint: `${publicUrl}/v1/scopes/${scope.id}/revoke`,
    revocation_endpoint_auth_methods_supported: ['Bearer'],
  };
}
