import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = temporaryFolder();
const LIMIT_MS = 1_200_000;
const MOST_BYTES = 120e6;

/** Nothing of the machine's own: no settings of npm, no cache, and the Node that runs this. */
function bareEnvironment(home: string): Record<string, string> {
  // A Node that was unpacked from its archive has the headers beside it; without a space in the path.
  const node = join(folder.path, 'node');
  if (!existsSync(node)) symlinkSync(dirname(dirname(process.execPath)), node);
  return {
    HOME: home,
    PATH: `${node}/bin:${process.env.PATH}`,
    npm_config_nodedir: node,
    npm_package_config_node_gyp_nodedir: node,
  };
}

/** Built, packed and installed into an empty folder, offline. */
async function install(script: string, name: string) {
  const project = join(folder.path, `${name} in a project`);
  const home = join(folder.path, `${name} home`);
  const built = join(folder.path, `${name}-built`);
  for (const made of [project, home]) mkdirSync(made);
  await run(process.execPath, [script, built], { cwd: root });
  const packing = ['pack', '--json', '--pack-destination', folder.path];
  const { stdout } = await run('npm', packing, { cwd: built, maxBuffer: 64 << 20 });
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('[')));
  const env = bareEnvironment(home);
  const options = ['--offline', '--no-audit', '--no-fund', join(folder.path, filename)];
  await run('npm', ['install', ...options], { cwd: project, env });
  const installed = join(project, 'node_modules', name);
  const keyward = (...argv: string[]) =>
    run(join(project, 'node_modules/.bin/keyward'), argv, { cwd: project, env });
  return { project, installed, keyward };
}

const filesOf = (top: string) =>
  globSync('**', { cwd: top })
    .map((name) => join(top, name))
    .filter((path) => statSync(path).isFile());
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

afterAll(() => folder.remove());

describe('the package of the service', () => {
  let service: Awaited<ReturnType<typeof install>>;
  beforeAll(async () => {
    service = await install('scripts/build-package.ts', 'keyward');
  }, LIMIT_MS);

  it('is JavaScript with its production dependencies, and small', async () => {
    const files = filesOf(service.project);
    expect(files.reduce((sum, path) => sum + statSync(path).size, 0)).toBeLessThan(MOST_BYTES);
    expect(filesOf(join(service.installed, 'lib')).filter((path) => !path.endsWith('.js'))).toEqual([]);
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const inside = (name: string) => existsSync(join(service.installed, 'node_modules', name));
    expect(Object.keys(dependencies).filter((name) => !inside(name))).toEqual([]);
    expect(Object.keys(devDependencies).filter(inside)).toEqual([]);
    const { components } = JSON.parse(readFileSync(join(service.installed, 'sbom.cdx.json'), 'utf8'));
    const listed = components.map(({ name }: { name: string }) => name);
    expect(listed).toEqual(expect.arrayContaining(Object.keys(dependencies)));
    expect(await service.keyward('--version')).toEqual({ stdout: `${version}\n`, stderr: '' });
  });

  it(
    'makes its keys, serves, issues a token and verifies it, in threads and a signer of its own',
    async () => {
      const commandLine = join(service.installed, 'lib/cli/main.js');
      const running = await startService({ launch: { commandLine } });
      try {
        const { sign, verify } = await running.provision({ id: 'payments' });
        const issued = await running.data('POST', '/v1/scopes/payments/tokens', sign, {
          claims: { sub: 'alice' },
        });
        expect(issued.status).toBe(201);
        const { token } = issued.body;
        const answer = await running.data('POST', '/v1/scopes/payments/verify', verify, { token });
        expect(answer.body).toMatchObject({ valid: true, claims: { sub: 'alice' } });
        const signer = readFileSync(`/proc/${running.signerPid()}/cmdline`, 'utf8');
        expect(signer).toContain(join(service.installed, 'lib/signer/process.js'));
        expect(await running.stop()).toBe(0);
      } finally {
        await running.remove();
      }
    },
    LIMIT_MS,
  );
});

describe('the package for operators', () => {
  let operators: Awaited<ReturnType<typeof install>>;
  beforeAll(async () => {
    operators = await install('scripts/build-cli.ts', 'keyward-cli');
  }, LIMIT_MS);

  it('has no native code and no PKCS#11', () => {
    const names = filesOf(operators.project).map((path) => path.slice(operators.project.length));
    expect(names.filter((name) => /\.(?:node|so|bare)$/.test(name))).toEqual([]);
    const packages = ['pkcs11js', 'graphene-pk11'];
    const inside = (name: string) => existsSync(join(operators.installed, 'node_modules', name));
    expect(packages.filter(inside)).toEqual([]);
  });

  it('runs verbs, and refuses those that need the host', async () => {
    expect((await operators.keyward('--version')).stdout).toBe(`${version}\n`);
    const scanned = await operators.keyward('scan', '--offline', join(root, 'package.json'));
    expect(scanned.stdout).toMatch(/^nothing found/);
    expect((await operators.keyward('audit', 'verify', '--help')).stdout).toContain(
      'Usage: keyward audit verify',
    );
    for (const verb of ['init', 'serve', 'doctor']) {
      await expect(operators.keyward(verb)).rejects.toMatchObject({
        code: 2,
        stderr: expect.stringContaining('run this on the host of the service'),
      });
    }
  });
});
