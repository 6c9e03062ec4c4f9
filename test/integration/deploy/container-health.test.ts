import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeCertificates } from '../../support/certificates.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { freePorts } from '../../support/free-port.ts';
import { ROOT } from '../../support/pages.ts';

const EXAMPLE = readFileSync(join(ROOT, 'deploy/debian/config.example.yaml'), 'utf8');

let folder: string;
let listening: ReturnType<typeof createServer> | undefined;

beforeEach(() => {
  folder = folderOfTest();
});
afterEach(async () => {
  listening?.close();
  if (listening) await once(listening, 'close');
  listening = undefined;
});

/** A service of that readiness to verify, ready for nothing else. */
async function serve(status: number, tls = false): Promise<number> {
  const answer: Parameters<typeof createServer>[1] = ({ url }, response) => {
    response.writeHead(url === '/readyz/verify' ? status : 503).end();
  };
  const pem = (name: string) => readFileSync(join(folder, name));
  listening = tls
    ? createTlsServer({ cert: pem('server.pem'), key: pem('server.key') }, answer)
    : createServer(answer);
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return (listening.address() as AddressInfo).port;
}

async function health(dataPlane: string, environment: NodeJS.ProcessEnv = {}): Promise<number> {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, EXAMPLE.replace(/^data_plane:\n(?: .*\n)*/m, `data_plane: { ${dataPlane} }\n`));
  const { PATH } = process.env;
  const child = spawn(join(ROOT, 'scripts/container-health'), {
    env: { PATH, KEYWARD_CONFIG: file, ...environment },
    stdio: 'ignore',
  });
  const [code] = await once(child, 'close');
  return code;
}

describe('scripts/container-health', () => {
  it.each([
    [200, 0],
    [503, 1],
  ])('where the service answers %i ends with %i', async (status, code) => {
    expect(await health(`port: ${await serve(status)}`)).toBe(code);
  });

  it('reaches a service that listens on every address, with the port of the environment', async () => {
    const port = await serve(200);
    const everywhere = 'host: 0.0.0.0, trusted_proxies: [127.0.0.1]';
    expect(await health(everywhere, { KEYWARD_DATA_PLANE__PORT: String(port) })).toBe(0);
  });

  it('speaks TLS where the configuration does', async () => {
    makeCertificates(folder);
    const tls = `tls: { cert_file: ${join(folder, 'server.pem')}, key_file: ${join(folder, 'server.key')} }`;
    const port = await serve(200, true);
    expect(await health(`port: ${port}, ${tls}`)).toBe(0);
    expect(await health(`port: ${port}`)).toBe(1);
  });

  it('ends with 1 where nobody listens', async () => {
    const [port] = await freePorts(1);
    expect(await health(`port: ${port}`)).toBe(1);
  });
});
