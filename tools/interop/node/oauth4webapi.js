import * as oauth from 'oauth4webapi';
import { tried, versions } from './library.js';

const plain = { [oauth.allowInsecureRequests]: true };

/** As RFC 8414 has it; openid-client looks where OpenID Connect does. */
async function serverOf(issuer) {
  const url = new URL(issuer);
  const answer = await oauth.discoveryRequest(url, { ...plain, algorithm: 'oauth2' });
  return oauth.processDiscoveryResponse(url, answer);
}

await tried(
  `${versions('oauth4webapi')}, client_secret_basic`,
  async ({ client_id, client_secret, scopes: [{ issuer }] }) => {
    const server = await serverOf(issuer);
    const [client, secret] = [{ client_id }, oauth.ClientSecretBasic(client_secret)];
    return {
      async verify(token, scope) {
        const request = new Request('http://relying.example', {
          headers: { authorization: `Bearer ${token}` },
        });
        await oauth.validateJwtAccessToken(await serverOf(scope.issuer), request, scope.audience, plain);
      },
      async introspect(token) {
        const answer = await oauth.introspectionRequest(server, client, secret, token, plain);
        return (await oauth.processIntrospectionResponse(server, client, answer)).active;
      },
      async revoke(token) {
        const answer = await oauth.revocationRequest(server, client, secret, token, plain);
        await oauth.processRevocationResponse(answer);
      },
      discover: () => server.jwks_uri,
    };
  },
);
