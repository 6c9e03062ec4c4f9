import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeCredential } from '../../src/kernel/credential.ts';
import { exampleFolder, ran, runPage } from '../support/example-page.ts';
import { freePorts } from '../support/free-port.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CLIENT_ID = 'web';
const RESOURCE = 'https://books.example.com';
const REDIRECT_URI = 'https://web.example.com/callback';

const folder = temporaryFolder();
let service: RunningService;
let issuer: string;
let provider: ChildProcess | undefined;
let verify: { readonly web: string; readonly books: string };

async function verifierOf(scope: string): Promise<string> {
  const { text: credential, digest } = makeCredential('svc');
  const id = `${scope}-verify`;
  const enrolled = { id, description: '', credential_digest: digest.toString('base64url') };
  await service.act('POST', '/v1/admin/clients', enrolled);
  await service.act('POST', '/v1/admin/grants', { client: id, scope, action: 'verify' });
  return credential;
}

beforeAll(async () => {
  cpSync(exampleFolder('oidc-provider'), folder.path, {
    recursive: true,
    filter: (path) => !path.includes('node_modules'),
  });
  await ran(folder.path, 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  service = await startService();
  issuer = `http://127.0.0.1:${(await freePorts(1))[0]}`;
  await runPage({
    example: 'oidc-provider',
    starts: ['./scripts/keyward '],
    service,
    folder: folder.path,
    words: { 'http://127.0.0.1:3000': issuer },
  });
  verify = { web: await verifierOf('web'), books: await verifierOf('books') };
  const config = JSON.parse(readFileSync(join(folder.path, 'config.example.json'), 'utf8'));
  const file = join(folder.path, 'config.json');
  writeFileSync(file, JSON.stringify({ ...config, issuer, keyward: service.dataUrl }));
  provider = spawn(process.execPath, ['server.js', file], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(provider.stdout ?? provider, 'data');
}, 240_000);

afterAll(async () => {
  if (provider?.exitCode === null) {
    provider.kill();
    await once(provider, 'exit');
  }
  await service.remove();
  folder.remove();
});

interface LogIn {
  readonly id_token: string;
  readonly access_token: string;
  readonly claims: Record<string, unknown>;
}

const logIn = async (): Promise<LogIn> =>
  JSON.parse(
    await ran(folder.path, process.execPath, [
      'client.js',
      issuer,
      CLIENT_ID,
      REDIRECT_URI,
      RESOURCE,
      'alice',
    ]),
  );
const keysOf = (scope: string) => createRemoteJWKSet(new URL(`${service.dataUrl}/scopes/${scope}/jwks.json`));
const verdict = async (scope: 'web' | 'books', token: string) =>
  (await service.data('POST', `/v1/scopes/${scope}/verify`, verify[scope], { token })).body;

it('logs in, and each token is of the HSM key of its own scope', async () => {
  const { id_token, access_token, claims } = await logIn();
  expect(claims).toMatchObject({ iss: issuer, aud: CLIENT_ID, sub: 'alice' });
  const access = await jwtVerify(access_token, keysOf('books'), {
    issuer,
    audience: RESOURCE,
    typ: 'at+jwt',
  });
  expect(access.payload).toMatchObject({ sub: 'alice', client_id: CLIENT_ID, scope: 'read' });
  expect(await verdict('web', id_token)).toMatchObject({ valid: true });
  expect(await verdict('books', access_token)).toMatchObject({ valid: true });
  expect(await verdict('web', access_token)).toEqual({ valid: false, reason: 'wrong_scope' });
  expect(await verdict('books', id_token)).toEqual({ valid: false, reason: 'wrong_scope' });
});

it('publishes no key set of its own: its metadata names that of the scope', async () => {
  const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  expect(metadata).toMatchObject({ issuer, jwks_uri: `${service.dataUrl}/scopes/web/jwks.json` });
  expect((await fetch(`${issuer}/jwks`)).status).toBe(404);
});

it('goes on with the standby when a key is compromised', async () => {
  const { id_token: before } = await logIn();
  const { kid } = decodeProtectedHeader(before);
  await service.act('POST', `/v1/admin/keys/${kid}/compromise`, { reason: 'a test' });
  const { id_token: after } = await logIn();
  expect(decodeProtectedHeader(after).kid).not.toBe(kid);
  expect((await verdict('web', before)).valid).toBe(false);
  expect(await verdict('web', after)).toMatchObject({ valid: true });
});
