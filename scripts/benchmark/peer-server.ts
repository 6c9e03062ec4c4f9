// What one would write without Keyward: Express and jose, the key in memory, no record, no check, no scope.
// Usage: peer-server.ts ALGORITHM ISSUER AUDIENCE KEY_SET_URL; prints its port and reads its credential from stdin.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import express, { type RequestHandler } from 'express';
import { createLocalJWKSet, generateKeyPair, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose';

const [, , alg = 'ES256', issuer = '', audience = '', keySetUrl = ''] = process.argv;
const expected = Buffer.from(`Bearer ${await text(process.stdin)}`);
const { privateKey } = await generateKeyPair(alg, { modulusLength: 2048 });
const keySet = createLocalJWKSet((await (await fetch(keySetUrl)).json()) as JSONWebKeySet);

const authenticate: RequestHandler = (request, response, next) => {
  const given = Buffer.from(request.headers.authorization ?? '');
  if (given.length === expected.length && timingSafeEqual(given, expected)) next();
  else response.status(401).end();
};
const app = express()
  .disable('x-powered-by')
  .use(authenticate, express.json({ limit: '64kb' }));

app.post('/tokens', async (request, response) => {
  const now = Math.floor(Date.now() / 1_000);
  const token = await new SignJWT(request.body.claims)
    .setProtectedHeader({ alg, typ: 'at+jwt', kid: 'peer' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(now)
    .setNotBefore(now - 30)
    .setExpirationTime(now + 300)
    .setJti(randomBytes(16).toString('base64url'))
    .sign(privateKey);
  response.status(201).json({ token });
});

app.post('/verify', async (request, response) => {
  try {
    const { payload } = await jwtVerify(request.body.token, keySet, { issuer, audience, algorithms: [alg] });
    response.json({ valid: true, claims: payload });
  } catch (error) {
    response.json({ valid: false, reason: (error as { code?: string }).code });
  }
});

const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
console.log((server.address() as AddressInfo).port);
