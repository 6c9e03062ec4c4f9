import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates } from '../support/certificates.ts';
import { freePorts } from '../support/free-port.ts';
import { type Program, startProgram } from '../support/program.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NGINX = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'].find(existsSync);
const SHIPPED = readFileSync(new URL('../../deploy/nginx/keyward.conf', import.meta.url), 'utf8');
const PREFIX = '/keyward';
const ELSEWHERE = '203.0.113.9';

let folder: ReturnType<typeof temporaryFolder>;
const at = (name: string) => join(folder.path, name);

let service: RunningService;
/** The second one asks for client certificates. */
let ports: { plain: number; certificates: number };
let nginxes: Program[] = [];
let credentials: { sign: string; verify: string };

/** As its comments say. */
function withCertificates(text: string): string {
  return text
    .replace(/^ *# (ssl_client_certificate .*|ssl_verify_client .*|if .*)$/gm, '$1')
    .replace('/etc/nginx/tls/clients-ca.crt', at('ca.pem'));
}

/** What was shipped, with the names and ports of this test, at its own path and under a prefix. */
function configuration(shipped: string, own: number, upstream: string): string {
  const replaced = shipped
    .replace('127.0.0.1:8080', upstream)
    .replace('listen 443 ssl http2', `listen 127.0.0.1:${own} ssl http2`)
    .replace(/^ *listen \[::\]:443.*\n/m, '')
    .replace('/etc/nginx/tls/keys.example.com.crt', at('server.pem'))
    .replace('/etc/nginx/tls/keys.example.com.key', at('server.key'));
  const locations = [...replaced.matchAll(/^ {2}location (\/\S*) \{.*?^ {2}\}\n/gms)].map(
    ([text, path = '']) =>
      text
        .replace(`location ${path}`, `location ${PREFIX}${path}`)
        .replace('proxy_pass http://keyward;', `proxy_pass http://keyward${path};`),
  );
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${at(kind)};`,
  );
  return `daemon off;
master_process off;
pid ${at(`${own}.pid`)};
error_log stderr notice;
events {}
http {
  access_log off;
  ${temporary.join('\n  ')}
${replaced.replace(/\}\n$/, `${locations.join('')}}\n`)}
}
`;
}

async function ask(
  method: string,
  path: string,
  {
    credential,
    body,
    headers,
    client,
  }: { credential?: string; body?: unknown; headers?: Record<string, string>; client?: string } = {},
  port = ports.plain,
): Promise<IncomingMessage> {
  const asked = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    ca: readFileSync(at('server.pem')),
    ...(client ? { cert: readFileSync(at(`${client}.pem`)), key: readFileSync(at(`${client}.key`)) } : {}),
    agent: false,
    headers: {
      ...headers,
      ...(credential ? { authorization: `Bearer ${credential}` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
  });
  asked.end(body ? JSON.stringify(body) : undefined);
  return new Promise((resolve, reject) => asked.once('response', resolve).once('error', reject));
}

const json = async (answer: Promise<IncomingMessage>) => JSON.parse(await text(await answer));

describe.skipIf(!NGINX)('deploy/nginx/keyward.conf (skipped without nginx)', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    folder = temporaryFolder();
    makeCertificates(folder.path);
    const [plain = 0, certificates = 0] = await freePorts(2);
    ports = { plain, certificates };
    const public_url = `https://127.0.0.1:${plain}${PREFIX}`;
    service = await startService({
      config: { data_plane: { port: 0, public_url, trusted_proxies: ['127.0.0.1'] } },
    });
    credentials = await service.provision({ id: 'payments' });
    const upstream = new URL(service.dataUrl).host;
    writeFileSync(at(`${plain}.conf`), configuration(SHIPPED, plain, upstream));
    writeFileSync(
      at(`${certificates}.conf`),
      configuration(withCertificates(SHIPPED), certificates, upstream),
    );
    nginxes = [plain, certificates].map((port) =>
      startProgram(NGINX ?? '', ['-c', at(`${port}.conf`), '-p', folder.path], { cwd: folder.path }),
    );
    await Promise.all(nginxes.map((nginx) => nginx.says('using the "epoll" event method')));
  }, 120_000);
  afterAll(async () => {
    for (const { child } of nginxes) child.kill('SIGTERM');
    await Promise.all(nginxes.map(({ ended }) => ended));
    await service?.remove();
    folder.remove();
  });

  it.each(['', PREFIX])('ends TLS and passes on what is asked under "%s"', async (prefix) => {
    const body = { claims: { sub: 'alice' } };
    const issued = json(
      ask('POST', `${prefix}/v1/scopes/payments/tokens`, { credential: credentials.sign, body }),
    );
    const { token } = await issued;
    const verdict = json(
      ask('POST', `${prefix}/v1/scopes/payments/verify`, { credential: credentials.verify, body: { token } }),
    );
    expect(await verdict).toMatchObject({ valid: true, claims: { sub: 'alice' } });
    const keySet = await ask('GET', `${prefix}/scopes/payments/jwks.json`);
    expect(keySet.statusCode).toBe(200);
    expect(keySet.headers['strict-transport-security']).toBeDefined();
    keySet.resume();
  });

  it('passes events on as they come', async () => {
    const stream = await ask('GET', `${PREFIX}/v1/scopes/payments/events`, {
      credential: credentials.verify,
    });
    expect(stream.headers['content-type']).toContain('text/event-stream');
    let seen = '';
    const revoked = new Promise<void>((resolve, reject) => {
      stream.on('data', (chunk: Buffer) => {
        seen += chunk;
        if (/^event: revoked$/m.test(seen)) resolve();
      });
      stream.once('end', () => reject(new Error(`the stream ended: ${seen}`)));
    });
    const body = { scope: 'payments', jti: 'a-revoked-jti', reason: 'test' };
    const { status } = await service.operations('POST', '/v1/admin/revocations', body);
    expect(status).toBeLessThan(300);
    await revoked;
    stream.destroy();
  });

  describe.each(['', PREFIX])('with client certificates, under "%s"', (prefix) => {
    const tokens = `${prefix}/v1/scopes/payments/tokens`;
    const body = { claims: { sub: 'alice' } };
    const issue = (client?: string, credential = credentials.sign) =>
      ask('POST', tokens, { credential, body, ...(client ? { client } : {}) }, ports.certificates);

    it.each([
      ['no certificate', undefined, 403],
      ['one of another authority', 'foreign', 400],
    ])('refuses a client with %s', async (_what, client, status) => {
      const answer = await issue(client);
      expect(answer.statusCode).toBe(status);
      expect(await text(answer)).not.toContain('token');
    });

    it('passes one with a certificate on, which takes the place of no credential', async () => {
      expect(await json(issue('client'))).toMatchObject({ token: expect.any(String) });
      const refused = await issue('client', 'wrong');
      expect(refused.statusCode).toBe(401);
      refused.resume();
    });

    it('shows key sets to everybody', async () => {
      const keySet = await ask('GET', `${prefix}/scopes/payments/jwks.json`, {}, ports.certificates);
      expect(keySet.statusCode).toBe(200);
      keySet.resume();
    });
  });

  it('says who asks by the connection, and not by what the caller wrote', async () => {
    const headers = { 'x-forwarded-for': ELSEWHERE, 'x-request-id': 'forged-forwarded-for' };
    const refused = await ask('POST', '/v1/scopes/payments/verify', {
      credential: 'wrong',
      headers,
      body: { token: 'x' },
    });
    expect(refused.statusCode).toBe(401);
    refused.resume();
    const line = await service.logged((each) => JSON.stringify(each).includes('forged-forwarded-for'));
    expect(JSON.stringify(line)).toContain('127.0.0.1');
    expect(JSON.stringify(line)).not.toContain(ELSEWHERE);
  });
});
