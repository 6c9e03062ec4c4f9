import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { listen } from '../../../src/server/listener.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder();
beforeAll(() => makeCertificates(folder.path));
afterAll(() => folder.remove());

const path = (name: string) => join(folder.path, name);
const pem = (name: string) => readFileSync(path(name));

const tellsTrust: RequestListener = (asked, answer) => {
  answer.end(String((asked.socket as TLSSocket).authorized));
};

async function listening(clientAuthority?: string): Promise<number> {
  const tls = {
    cert_file: path('server.pem'),
    key_file: path('server.key'),
    ...(clientAuthority ? { client_ca_file: path(clientAuthority) } : {}),
  };
  const listener = await listen(tellsTrust, { host: '127.0.0.1', port: 0, tls }, { problem: () => {} });
  onTestFinished(() => listener.close());
  return listener.port;
}

function ask(port: number, certificate?: string): Promise<string> {
  const own = certificate ? { cert: pem(`${certificate}.pem`), key: pem(`${certificate}.key`) } : {};
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, ca: pem('server.pem'), agent: false, ...own },
      (answer) => {
        answer.setEncoding('utf8').once('data', resolve);
      },
    );
    asked.once('error', reject);
    asked.end();
  });
}

test('a client certificate is asked for, trusted from the configured authority alone, and not demanded', async () => {
  const port = await listening('ca.pem');
  expect(await ask(port, 'client')).toBe('true');
  expect(await ask(port, 'foreign')).toBe('false');
  expect(await ask(port)).toBe('false');
});

test('without a client authority no certificate is trusted', async () => {
  expect(await ask(await listening(), 'client')).toBe('false');
});

function handshake(port: number, version: SecureVersion): Promise<string | null> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    ca: pem('server.pem'),
    minVersion: version,
    maxVersion: version,
    // OpenSSL itself offers nothing older than 1.2 at its usual level.
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  onTestFinished(() => void socket.destroy());
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', () => resolve(socket.getProtocol()));
    socket.once('error', reject);
  });
}

test('TLS 1.2 and 1.3 are spoken, 1.1 is not', async () => {
  const port = await listening();
  expect(await handshake(port, 'TLSv1.3')).toBe('TLSv1.3');
  expect(await handshake(port, 'TLSv1.2')).toBe('TLSv1.2');
  await expect(handshake(port, 'TLSv1.1')).rejects.toMatchObject({
    code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  });
});
