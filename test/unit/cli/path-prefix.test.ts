import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { operationsAt } from '../../../src/cli/operations-client.ts';

it.each([
  ['', '/v1/admin/scopes?limit=1'],
  ['/', '/v1/admin/scopes?limit=1'],
  ['/keyward', '/keyward/v1/admin/scopes?limit=1'],
  ['/keyward/', '/keyward/v1/admin/scopes?limit=1'],
])('the operations plane is asked behind the path of its URL: "%s"', async (path, asked) => {
  const server = createServer((request, response) => {
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ path: request.url }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const call = operationsAt(new URL(`http://127.0.0.1:${port}${path}`), 'kw_ops_x');
  expect(await call('GET', '/scopes?limit=1')).toEqual({ path: asked });
});
