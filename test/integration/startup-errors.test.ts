import { execFile } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { NODE_FLAGS } from '../../src/lib/node-flags.ts';
import { makeCertificates } from '../support/certificates.ts';
import { folderOfTest } from '../support/folder-of-test.ts';
import { startService } from '../support/running-service.ts';

const COMMAND_LINE = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const run = promisify(execFile);
let holder: Server | undefined;

afterEach(() => holder?.close());

it('a service with bad TLS files says all that is wrong with them before it opens anything', async () => {
  const folder = folderOfTest();
  const at = (name: string) => join(folder, name);
  makeCertificates(folder);
  writeFileSync(
    at('config.yaml'),
    stringify({
      data_plane: { port: 0, tls: { cert_file: 'server.pem', key_file: 'client.key' } },
      operations_plane: { port: 0, tls: { cert_file: 'gone.pem', key_file: 'server.key' } },
      hsm: { module: 'm.so', token_label: 'kw', token_serial: '1', pin_file: 'pin' },
    }),
    { mode: 0o600 },
  );
  const call = [...NODE_FLAGS, COMMAND_LINE, 'serve', '--config', at('config.yaml')];
  const { code, stderr } = await run(process.execPath, call).catch((error) => error);
  expect([code, stderr]).toEqual([
    1,
    `error: data_plane.tls.key_file: ${at('client.key')} is not the key of the certificate in ${at('server.pem')}; ` +
      `operations_plane.tls.cert_file: ${at('gone.pem')} cannot be read (ENOENT) [invalid_config]\n`,
  ]);
  expect(readdirSync(folder).filter((name) => name.startsWith('keyward.db'))).toEqual([]);
}, 60_000);

const listening = () =>
  new Promise<Server>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
  });

it.each(['data_plane', 'operations_plane'])(
  'a service whose %s has an address that is taken says so by name, and ends',
  async (plane) => {
    holder = await listening();
    const { port } = holder.address() as AddressInfo;
    const public_url = 'http://127.0.0.1:8080';
    const planes = { data_plane: { port: 0, public_url }, operations_plane: { port: 0 } };
    const config = { ...planes, [plane]: { ...planes[plane as keyof typeof planes], port } };
    await expect(startService({ config })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
    );
  },
  60_000,
);
