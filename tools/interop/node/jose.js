import { createRemoteJWKSet, jwtVerify } from 'jose';
import { tried, versions } from './library.js';

await tried(versions('jose'), () => ({
  verify: (token, { algorithm, issuer, audience, jwks_uri }) =>
    jwtVerify(token, createRemoteJWKSet(new URL(jwks_uri)), {
      algorithms: [algorithm],
      issuer,
      audience,
      typ: 'at+jwt',
    }),
}));
