import { readFile } from 'node:fs/promises';
import express from 'express';
import { claimsOf, requireToken } from '@keyward/client';
import { openVerifier } from './verifier.js';

const config = JSON.parse(await readFile(process.argv[2] ?? 'config.json', 'utf8'));
const verifier = openVerifier(config);
const carts = new Map();

const app = express();
app.disable('x-powered-by');
app.use('/cart', requireToken(verifier, { realm: 'carts' }));
app.get('/cart', (request, response) => {
  response.json({ owner: claimsOf(request).sub, items: carts.get(claimsOf(request).sub) ?? [] });
});
app.post(
  '/cart/items',
  requireToken(verifier, { realm: 'carts', allows: ({ role }) => role === 'customer' }),
  express.json({ limit: '4kb' }),
  (request, response) => {
    const { sub } = claimsOf(request);
    carts.set(sub, [...(carts.get(sub) ?? []), String(request.body?.item)].slice(-100));
    response.status(201).json({ owner: sub, items: carts.get(sub) });
  },
);

const server = app.listen(config.port, '127.0.0.1', () => console.log(`http://127.0.0.1:${config.port}/cart`));
process.once('SIGTERM', async () => {
  server.close();
  await verifier.close();
});
