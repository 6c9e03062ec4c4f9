import jwt from 'jsonwebtoken';
import jwksClient from 'jwks-rsa';
import { tried, versions } from './library.js';

await tried(versions('jsonwebtoken', 'jwks-rsa'), () => ({
  async verify(token, { algorithm, issuer, audience, jwks_uri }) {
    const { kid } = jwt.decode(token, { complete: true }).header;
    const key = await jwksClient({ jwksUri: jwks_uri }).getSigningKey(kid);
    jwt.verify(token, key.getPublicKey(), { algorithms: [algorithm], issuer, audience });
  },
}));
