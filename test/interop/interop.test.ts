import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { program } from './programs.ts';
import { envoy, runtimes } from './runtimes.ts';

const ISSUER = 'https://login.example';
const AUDIENCE = 'https://payments.example';

const folder = temporaryFolder();
let service: RunningService;
let sign: string;
let verify: string;
let foreign: string;

beforeAll(async () => {
  service = await startService();
  ({ sign, verify } = await service.provision({ id: 'payments' }));
  foreign = (await service.provision({ id: 'mail' })).sign;
}, 120_000);
afterAll(async () => {
  await service.remove();
  folder.remove();
});

async function token(request: object = {}, scope = 'payments', credential = sign) {
  const asked = { claims: { sub: 'alice' }, ...request };
  return (await service.data('POST', `/v1/scopes/${scope}/tokens`, credential, asked)).body;
}

/** What the program printed, and the end that it took: 0 where it accepted. */
async function run([command = '', ...args]: readonly string[], presented: string, audience = AUDIENCE) {
  const keySet = `${service.dataUrl}/scopes/payments/jwks.json`;
  const child = spawn(command, [...args, keySet, ISSUER, audience], { stdio: 'pipe' });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => said.push(String(text)));
  child.stdin.end(presented);
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  return { code, said: said.join('').trim() };
}

const accepted = { code: 0, said: 'accepted alice' };
const refused = { code: 1, said: expect.stringMatching(/refused: /) };

for (const runtime of runtimes(folder.path)) {
  const { name, missing } = runtime;
  describe.skipIf(missing)(missing ? `${name}: no ${missing} here` : name, () => {
    let command: readonly string[];
    beforeAll(() => {
      command = runtime.prepare(folder.path);
    });

    it('accepts a token of its scope, and none of another, for another or of another type', async () => {
      expect(await run(command, (await token()).token)).toEqual(accepted);
      expect(await run(command, (await token({}, 'mail', foreign)).token)).toEqual(refused);
      expect(await run(command, (await token()).token, 'https://mail.example')).toEqual(refused);
      expect(await run(command, (await token({ typ: 'JWT' })).token)).toEqual(refused);
    });

    it('refuses a token once it has expired', async () => {
      const { token: short } = await token({ ttl_seconds: 1 });
      await vi.waitFor(async () => expect(await run(command, short)).toEqual(refused), { timeout: 25_000 });
    });

    it('does not know what the ledger knows: a revoked token passes', async () => {
      const { token: revoked, jti } = await token();
      await service.act('POST', '/v1/admin/revocations', { jti, scope: 'payments', reason: 'a test' });
      const { body } = await service.data('POST', '/v1/scopes/payments/verify', verify, { token: revoked });
      expect(body).toEqual({ valid: false, reason: 'revoked' });
      expect(await run(command, revoked)).toEqual(accepted);
    });

    it('refuses what a compromised key has signed, and accepts its successor’s', async () => {
      const { token: before, kid } = await token();
      await service.act('POST', `/v1/admin/keys/${kid}/compromise`, { reason: 'a test' });
      expect(await run(command, before)).toEqual(refused);
      expect(await run(command, (await token()).token)).toEqual(accepted);
    });
  });
}

const noEnvoy = envoy();
it.skipIf(noEnvoy)(noEnvoy ? 'Envoy: no envoy here' : 'Envoy takes its configuration', () => {
  const file = join(folder.path, 'envoy.yaml');
  writeFileSync(file, program('envoy.yaml'));
  expect(spawnSync('envoy', ['--mode', 'validate', '-c', file]).status).toBe(0);
});
