import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ISSUED } from '../support/payments.ts';
import { aScope, aSigningKey, SoftwareKeyRing, signedBy, softwareKey } from '../support/software-keys.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  SIGNS,
  startVerifyingService,
  VERIFIES,
  type VerifyingService,
} from '../support/verifying-service.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = temporaryFolder();
const project = join(folder.path, 'a scratch project');
const built = join(folder.path, 'built');

const now = Math.floor(Date.now() / 1_000);
const scope = aScope({ id: 'payments' });
const key = softwareKey('ES256');
const keyRing = new SoftwareKeyRing();
keyRing.put(scope, aSigningKey(scope, key, { signFrom: now - 60, signUntil: now + 3_600 }));

const claims = { iss: scope.issuer, aud: scope.audience, iat: now, exp: now + 300, sub: 'alice', jti: 'j' };
const good = signedBy(key, { alg: 'ES256', typ: 'JWT', kid: key.kid }, claims);
const expired = signedBy(
  key,
  { alg: 'ES256', typ: 'JWT', kid: key.kid },
  { ...claims, iat: now - 60, exp: now - 50 },
);

const PROGRAM = `
import { createSigner, createVerifier, requireToken, TokenRefused } from '@keyward/client';
import type { Signer, TokenClaims, Verifier } from '@keyward/client';

const [url, good, expired] = process.argv.slice(2) as [string, string, string];
const verifier: Verifier = createVerifier({
  url,
  scope: 'payments',
  issuer: '${scope.issuer}',
  audience: '${scope.audience}',
  credential: '${VERIFIES}',
});
const signer: Signer = createSigner({ url, scope: 'payments', credential: '${SIGNS}' });
const { jti } = await signer.sign({ sub: 'alice' }, { ttlSeconds: 60 });
const guarded = typeof requireToken(verifier);
const claims: TokenClaims & { cart?: string } = await verifier.verify<{ cart?: string }>(good);
const refusal: unknown = await verifier.verify(expired).catch((error: unknown) => error);
const reason = refusal instanceof TokenRefused ? refusal.reason : String(refusal);
console.log(JSON.stringify({ sub: claims.sub, reason, frozen: Object.isFrozen(claims), jti, guarded }));
await verifier.close();
`;

let service: VerifyingService;

beforeAll(async () => {
  service = await startVerifyingService(keyRing, { nowSeconds: () => Math.floor(Date.now() / 1_000) });
  await run(process.execPath, ['scripts/build-client.ts', built], { cwd: root });
  mkdirSync(project);
  const packed = ['pack', '--json', '--pack-destination', folder.path];
  const { stdout } = await run('npm', packed, { cwd: built });
  const [{ filename }] = JSON.parse(stdout);
  writeFileSync(join(project, 'package.json'), '{"name":"scratch","private":true,"type":"module"}');
  const install = ['install', '--offline', '--no-audit', '--no-fund', join(folder.path, filename)];
  await run('npm', install, { cwd: project });
  writeFileSync(join(project, 'program.ts'), PROGRAM);
  const options = { target: 'es2022', module: 'nodenext', strict: true, types: ['node'], outDir: 'out' };
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, files: ['program.ts'] }),
  );
}, 180_000);

afterAll(async () => {
  await service.close();
  folder.remove();
});

/** This Node, and the system's own where it is an older one that the package promises to run on. */
async function runtimes(): Promise<string[]> {
  const system = '/usr/bin/node';
  if (!existsSync(system)) return [process.execPath];
  const { stdout } = await run(system, ['-p', 'process.versions.node']);
  const [major = 0, minor = 0] = stdout.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 12) ? [process.execPath, system] : [process.execPath];
}

it('is installed with nothing beside it, compiles against its types, verifies and lets the process end', async () => {
  const { stdout: listed } = await run('npm', ['ls', '--all', '--json'], { cwd: project });
  expect(Object.keys(JSON.parse(listed).dependencies)).toEqual(['@keyward/client']);
  expect(JSON.parse(listed).dependencies['@keyward/client'].dependencies).toBeUndefined();
  for (const types of ['@types/node', 'undici-types']) {
    const at = join('node_modules', types);
    cpSync(join(root, at), join(project, at), { recursive: true });
  }
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project]);
  for (const node of await runtimes()) {
    const { stdout } = await run(node, [join(project, 'out/program.js'), service.url, good, expired]);
    expect([node, JSON.parse(stdout)]).toEqual([
      node,
      { sub: 'alice', reason: 'expired', frozen: true, jti: ISSUED.jti, guarded: 'function' },
    ]);
  }
}, 120_000);

it('links to nothing that it does not hold', () => {
  const packed = join(project, 'node_modules/@keyward/client');
  const links = ['README.md', 'refusals.md'].flatMap((page) =>
    [...readFileSync(join(packed, page), 'utf8').matchAll(/\]\(([^)#]+)/g)].map(([, to = '']) => to),
  );
  expect(links).toContain('refusals.md');
  const local = links.filter((to) => !to.startsWith('https://'));
  expect(local.filter((to) => !existsSync(join(packed, to)))).toEqual([]);
});
