import { randomBytes, randomUUID } from 'node:crypto';
import { Provider } from 'oidc-provider';
import { logIn } from './log-in.js';

/**
 * One relying party, whose ID tokens are signed in the scope (issuer, client id), and one resource server, whose
 * access tokens are signed in the scope (issuer, resource). A second party that must not share keys with the first
 * gets an issuer of its own, since a key set is a scope's alone.
 */
export function createProvider({ issuer, redirectUri, idTokenKey, accessTokenKey }) {
  const clientId = idTokenKey.audience;
  const resource = accessTokenKey.audience;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'none',
        id_token_signed_response_alg: idTokenKey.alg,
      },
    ],
    clientDefaults: { id_token_signed_response_alg: idTokenKey.alg },
    // The first that fits signs ID tokens; access tokens name theirs below.
    jwks: { keys: [idTokenKey, accessTokenKey] },
    // Keyward records every token under its jti, and oidc-provider gives ID tokens none.
    claims: { openid: ['sub', 'jti'] },
    findAccount: (_ctx, accountId) => ({
      accountId,
      claims: async () => ({ sub: accountId, jti: randomUUID() }),
    }),
    ttl: {
      IdToken: 300,
      AccessToken: 300,
      AuthorizationCode: 60,
      Session: 3_600,
      Interaction: 600,
      Grant: 3_600,
    },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    loadExistingGrant: (ctx) => grantTo(ctx, resource),
    features: {
      devInteractions: { enabled: false },
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          audience: resource,
          scope: 'read',
          accessTokenFormat: 'jwt',
          accessTokenTTL: 300,
          jwt: { sign: { alg: accessTokenKey.alg, kid: accessTokenKey.kid } },
        }),
      },
    },
  });
  provider.use(keepKeysApart(idTokenKey, accessTokenKey));
  provider.use(logIn(provider));
  return provider;
}

/** The provider would publish all keys in one set: its own set is closed, and its metadata names the scope's. */
function keepKeysApart(idTokenKey, accessTokenKey) {
  return async (ctx, next) => {
    if (ctx.path === '/jwks') ctx.throw(404);
    if (ctx.path === '/token') await Promise.all([idTokenKey.refresh(), accessTokenKey.refresh()]);
    await next();
    if (ctx.oidc?.route === 'discovery') ctx.body.jwks_uri = idTokenKey.keySetUri;
  };
}

/** The one client is our own, so nobody is asked for consent. */
async function grantTo(ctx, resource) {
  const { client, session, provider } = ctx.oidc;
  const known = session.grantIdFor(client.clientId);
  if (known) return provider.Grant.find(known);
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid');
  grant.addResourceScope(resource, 'read');
  await grant.save();
  return grant;
}
