import * as oidc from 'openid-client';

/** A log-in with authorization code and PKCE, without a browser: follows redirects and fills in the one form. */
const [issuer, clientId, redirectUri, resource, account] = process.argv.slice(2);

const config = await oidc.discovery(
  new URL(issuer),
  clientId,
  { id_token_signed_response_alg: 'ES256' },
  oidc.None(),
  { execute: [oidc.allowInsecureRequests] },
);
// Also checks the signature of the ID token, with the keys at jwks_uri.
oidc.enableNonRepudiationChecks(config);

const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()];
const start = oidc.buildAuthorizationUrl(config, {
  redirect_uri: redirectUri,
  scope: 'openid read',
  resource,
  state: expectedState,
  nonce: expectedNonce,
  code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
});

const callback = await browse(start);
const tokens = await oidc.authorizationCodeGrant(
  config,
  callback,
  { pkceCodeVerifier, expectedState, expectedNonce },
  { resource },
);
console.log(
  JSON.stringify({ id_token: tokens.id_token, access_token: tokens.access_token, claims: tokens.claims() }),
);

async function browse(first) {
  const cookies = new Map();
  let request = { url: first };
  for (let step = 0; step < 10; step++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(request.url, { ...request, headers: { cookie }, redirect: 'manual' });
    for (const each of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location) {
      const url = new URL(location, request.url);
      if (url.href.startsWith(redirectUri)) return url;
      request = { url };
    } else if (response.ok) {
      request = { url: request.url, method: 'POST', body: new URLSearchParams({ account }) };
    } else {
      throw new Error(`${response.status} at ${request.url.pathname}: ${await response.text()}`);
    }
  }
  throw new Error('the log-in goes round in circles');
}
