import { createPublicKey } from 'node:crypto';
import { createVerifier } from 'fast-jwt';
import { tried, versions } from './library.js';

async function keyOf(jwksUri, kid) {
  const { keys } = await (await fetch(jwksUri)).json();
  const jwk = keys.find((each) => each.kid === kid);
  if (!jwk) throw new Error('there is no such key');
  return createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
}

await tried(versions('fast-jwt'), () => ({
  verify: (token, { algorithm, issuer, audience, jwks_uri }) =>
    createVerifier({
      key: ({ header }) => keyOf(jwks_uri, header.kid),
      algorithms: [algorithm],
      allowedIss: issuer,
      allowedAud: audience,
      checkTyp: 'at+jwt',
    })(token),
}));
