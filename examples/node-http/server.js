import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { bearerGuard, claimsOf } from '@keyward/client';
import { openVerifier } from './verifier.js';

const config = JSON.parse(await readFile(process.argv[2] ?? 'config.json', 'utf8'));
const verifier = openVerifier(config);
const reading = bearerGuard(verifier, { realm: 'baskets' });
const writing = bearerGuard(verifier, { realm: 'baskets', allows: ({ role }) => role === 'customer' });
const baskets = new Map();

const routes = {
  'GET /basket': async (request, response) => {
    if (!(await reading(request, response))) return;
    const { sub } = claimsOf(request);
    answer(response, 200, { owner: sub, items: baskets.get(sub) ?? [] });
  },
  'POST /basket/items': async (request, response) => {
    if (!(await writing(request, response))) return;
    const { sub } = claimsOf(request);
    const { item } = JSON.parse(await bodyOf(request));
    baskets.set(sub, [...(baskets.get(sub) ?? []), String(item)].slice(-100));
    answer(response, 201, { owner: sub, items: baskets.get(sub) });
  },
};

const server = createServer((request, response) => {
  const route = routes[`${request.method} ${request.url}`];
  if (!route) return answer(response, 404, { error: 'not_found' });
  route(request, response).catch(() => answer(response, 400, { error: 'invalid_request' }));
});

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > 4_096) throw new Error('too long');
  }
  return text;
}

server.listen(config.port, '127.0.0.1', () => console.log(`http://127.0.0.1:${config.port}/basket`));
process.once('SIGTERM', async () => {
  server.close();
  await verifier.close();
});
