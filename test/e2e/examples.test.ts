import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleFolder, ran, runPage } from '../support/example-page.ts';
import { freePorts } from '../support/free-port.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PATIENCE = { timeout: 20_000 };

describe.each([
  ['express', 'carts', '/cart'],
  ['node-http', 'baskets', '/basket'],
])('examples/%s', (example, scope, path) => {
  let folder: ReturnType<typeof temporaryFolder>;
  let service: RunningService;
  let server: ChildProcess | undefined;
  let url: string;

  const get = (authorization?: string) =>
    fetch(`${url}${path}`, { headers: { ...(authorization && { authorization }) } });
  const put = (token: string) =>
    fetch(`${url}${path}/items`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{"item":"tea"}',
    });
  async function tokenFor(claims: object): Promise<{ token: string; kid: string }> {
    const credential = readFileSync(join(folder.path, 'login.credential'), 'utf8').trim();
    const { status, body } = await service.data('POST', `/v1/scopes/${scope}/tokens`, credential, { claims });
    expect(status).toBe(201);
    return body;
  }

  beforeAll(async () => {
    folder = temporaryFolder();
    cpSync(exampleFolder(example), folder.path, {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    });
    const built = join(folder.path, 'built');
    await ran(ROOT, process.execPath, ['scripts/build-client.ts', built]);
    service = await startService();
    const starts = ['./scripts/keyward ', 'npm install '];
    const words = { '../../dist/client': built };
    await runPage({ example, starts, service, folder: folder.path, words });
    const [port] = await freePorts(1);
    const config = JSON.parse(readFileSync(join(folder.path, 'config.example.json'), 'utf8'));
    writeFileSync(
      join(folder.path, 'config.json'),
      JSON.stringify({ ...config, port, keyward: service.dataUrl }),
    );
    url = `http://127.0.0.1:${port}`;
    server = spawn(process.execPath, ['server.js', 'config.json'], {
      cwd: folder.path,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(server, 'exit').then(([code]) => {
      throw new Error(`the example ended with ${code} before it listened`);
    });
    await Promise.race([once(server.stdout ?? server, 'data'), ended]);
    ended.catch(() => undefined);
  }, 240_000);

  afterAll(async () => {
    if (server?.exitCode === null) {
      server.kill();
      await once(server, 'exit');
    }
    await service.remove();
    folder.remove();
  });

  it('lets in who brings a token of its scope, as far as the token allows', async () => {
    const customer = await tokenFor({ sub: 'alice', role: 'customer' });
    const written = await put(customer.token);
    expect([written.status, await written.json()]).toEqual([201, { owner: 'alice', items: ['tea'] }]);
    const reader = await tokenFor({ sub: 'bob' });
    const read = await get(`Bearer ${reader.token}`);
    expect([read.status, await read.json()]).toEqual([200, { owner: 'bob', items: [] }]);
    const refused = await put(reader.token);
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
  });

  it('refuses who brings none, or one of another scope, as RFC 6750 says', async () => {
    const none = await get();
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, `Bearer realm="${scope}"`]);
    const { sign } = await service.provision({ id: 'payments' });
    const { body } = await service.data('POST', '/v1/scopes/payments/tokens', sign, {
      claims: { sub: 'alice' },
    });
    const foreign = await get(`Bearer ${body.token}`);
    expect(foreign.status).toBe(401);
    expect(foreign.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('refuses the tokens of a compromised key, and takes those of the next', async () => {
    const before = await tokenFor({ sub: 'alice' });
    expect((await get(`Bearer ${before.token}`)).status).toBe(200);
    await service.act('POST', `/v1/admin/keys/${before.kid}/compromise`, { reason: 'test' });
    await expect.poll(async () => (await get(`Bearer ${before.token}`)).status, PATIENCE).toBe(401);
    const after = await tokenFor({ sub: 'alice' });
    expect(after.kid).not.toBe(before.kid);
    await expect.poll(async () => (await get(`Bearer ${after.token}`)).status, PATIENCE).toBe(200);
  });
});
