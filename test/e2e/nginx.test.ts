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
let nginx: Program;
let port: number;
let credentials: { sign: string; verify: string };

/** What was shipped, with the names and ports of this test, at its own path and under a prefix. */
function configuration(own: number, upstream: string): string {
  const replaced = SHIPPED.replace('127.0.0.1:8080', upstream)
    .replace('listen 443 ssl http2', `listen 127.0.0.1:${own} ssl http2`)
    .replace(/^ *listen \[::\]:443.*\n/m, '')
    .replace('/etc/nginx/tls/keys.example.com.crt', at('server.pem'))
    .replace('/etc/nginx/tls/keys.example.com.key', at('server.key'));
  const [, location = ''] = /^( {2}location \/ \{.*?^ {2}\}\n)/ms.exec(replaced) ?? [];
  const prefixed = location
    .replace('location /', `location ${PREFIX}/`)
    .replace('proxy_pass http://keyward;', 'proxy_pass http://keyward/;');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${at(kind)};`,
  );
  return `daemon off;
master_process off;
pid ${at('nginx.pid')};
error_log stderr notice;
events {}
http {
  access_log off;
  ${temporary.join('\n  ')}
${replaced.replace(location, location + prefixed)}
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
  }: { credential?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<IncomingMessage> {
  const asked = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    ca: readFileSync(at('server.pem')),
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
    [port = 0] = await freePorts(1);
    const public_url = `https://127.0.0.1:${port}${PREFIX}`;
    service = await startService({
      config: { data_plane: { port: 0, public_url, trusted_proxies: ['127.0.0.1'] } },
    });
    credentials = await service.provision({ id: 'payments' });
    writeFileSync(at('nginx.conf'), configuration(port, new URL(service.dataUrl).host));
    nginx = startProgram(NGINX ?? '', ['-c', at('nginx.conf'), '-p', folder.path], { cwd: folder.path });
    await nginx.says('using the "epoll" event method');
  }, 120_000);
  afterAll(async () => {
    nginx?.child.kill('SIGTERM');
    await nginx?.ended;
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
