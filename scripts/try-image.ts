// npm run try-image, as root, with podman, runc, catatonit and debootstrap: builds the image on a clean Debian 12, looks what is in
// it, and runs what docker-compose.yml starts. Debian's base comes by debootstrap, so no registry of images is needed.
import { type StdioOptions, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { debianRoot, removeDebianRoot } from './lib/debian-root.ts';
import { ComposeFile } from './try-image/compose.ts';

const TOP = fileURLToPath(new URL('..', import.meta.url));
const BASE = 'docker.io/library/debian:12-slim';
const IMAGE = 'localhost/keyward';
const CONTAINERS = ['hsm', 'keyward'];
const VOLUMES = ['state', 'tokens', 'socket'];
const COMPILERS = ['gcc', 'g++', 'cc', 'c++', 'make', 'python3', 'npm', 'npx'];
/** What this machine trusts beyond Debian, for builds that go through a proxy of its own. */
const TRUSTED = '/etc/ssl/certs/ca-certificates.crt';
/** podman raises them, which not every machine lets it. */
const LIMITS = ['--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024'];
const PATIENCE_MS = 120_000;

const folder = mkdtempSync(join(tmpdir(), 'keyward-image-'));
const compose = new ComposeFile(TOP, folder);
const pinFile = join(folder, 'pins/pin');
try {
  build();
  look();
  await serve();
} finally {
  for (const name of CONTAINERS.toReversed()) podman(['rm', '--force', '--time=20', `keyward-${name}`]);
  podman(['volume', 'rm', '--force', ...VOLUMES]);
  rmSync(folder, { recursive: true, force: true });
}

function build(): void {
  if (podman(['image', 'exists', BASE]).status !== 0) {
    const root = debianRoot('slim');
    succeed(
      spawnSync('sh', [
        '-c',
        `tar -C ${root} --one-file-system -c . | ${engine().join(' ')} import - ${BASE}`,
      ]),
    );
    removeDebianRoot(root);
  }
  const begun = performance.now();
  const npmrc = join(folder, 'npmrc');
  const trust = existsSync(TRUSTED)
    ? [`--volume=${TRUSTED}:${TRUSTED}.own:ro`, `--volume=${npmrc}:/root/.npmrc:ro`]
    : [];
  writeFileSync(npmrc, `cafile=${TRUSTED}.own\n`);
  // Under another name: the build makes that file itself.
  // HEALTHCHECK is of Docker's format alone.
  const options = ['--format=docker', '--network=host', '--pull=never', ...LIMITS, ...trust];
  succeed(podman(['build', ...options, `--tag=${IMAGE}`, TOP], 'inherit'));
  console.log(`built in ${Math.round((performance.now() - begun) / 1_000)} s`);
}

function look(): void {
  const [image] = JSON.parse(podman(['image', 'inspect', IMAGE]).stdout);
  check('not root by default', image.Config.User === 'keyward', image.Config.User);
  console.log(`    ${Math.round(image.Size / 1e6)} MB`);
  const present = COMPILERS.filter((name) => once(['sh', '-c', `command -v ${name} || true`]) !== '');
  check('no compiler and no npm', present.length === 0, present.join(', '));
  const bill = JSON.parse(once(['cat', '/opt/keyward/sbom.cdx.json']));
  const names: string[] = bill.components.map(({ name }: { name: string }) => name);
  const isBill = bill.bomFormat === 'CycloneDX' && names.includes('pkcs11js') && !names.includes('vitest');
  check('a CycloneDX list of what is in it', isBill, `${names.length} components`);
  const writable = once(['sh', '-c', 'find /opt/keyward -writable ! -type l | head -n 3']);
  check("nothing under /opt/keyward is its user's to write", writable === '', writable);
}

/** As the head of docker-compose.yml says. */
async function serve(): Promise<void> {
  mkdirSync(join(folder, 'pins'), { mode: 0o700 });
  succeed(spawnSync('chown', ['1000:1000', join(folder, 'pins')]));
  const pins = ['--network=none', `--volume=${folder}/pins:/pins`];
  succeed(
    podman(['run', '--rm', ...LIMITS, ...pins, IMAGE, 'keyward', 'hsm', 'make-pin', '--out', '/pins/pin']),
  );
  for (const volume of VOLUMES) succeed(podman(['volume', 'create', volume]));
  const token = compose.run('token', pinFile);
  succeed(podman(['run', '--rm', ...LIMITS, ...token.options, IMAGE, ...token.command], 'inherit'));
  for (const name of CONTAINERS) {
    const { options, command } = compose.run(name, pinFile);
    succeed(podman(['run', '--detach', `--name=keyward-${name}`, ...LIMITS, ...options, IMAGE, ...command]));
  }
  const isHealthy = await until(() => podman(['healthcheck', 'run', 'keyward-keyward']).status === 0);
  check(
    'HEALTHCHECK succeeds',
    isHealthy,
    isHealthy ? '' : podman(['logs', '--tail=5', 'keyward-keyward']).stdout,
  );
  const me = exec(['sh', '-c', 'id -un; touch /opt/keyward/x /tmp/x 2>&1; grep CapEff /proc/self/status']);
  const isConfined =
    me.startsWith('keyward\n') && me.split('Read-only').length === 3 && /CapEff:\s0+$/m.test(me);
  check(
    'its own user, no capability, and nothing but its volumes to write',
    isConfined,
    isConfined ? '' : me,
  );
  check('the service sees no key files', exec(['sh', '-c', 'ls /var/lib/keyward/tokens']) === '', '');
  check('operators reach it', exec(['keyward', 'scope', 'list']) !== '', '');
  const node = `node_modules/node-linux-${process.arch}/bin/node`;
  const ready = exec([
    node,
    '-e',
    "fetch('http://127.0.0.1:8080/readyz/sign').then((r) => console.log(r.status))",
  ]);
  check('it signs with SoftHSM behind p11-kit server, in a container of its own', ready === '200', ready);
  succeed(podman(['stop', '--time=30', 'keyward-keyward']));
  const [{ State }] = JSON.parse(podman(['inspect', 'keyward-keyward']).stdout);
  check(
    'it drains and ends by itself',
    State.ExitCode === 0 || State.ExitCode === 143,
    String(State.ExitCode),
  );
}

function engine(): readonly string[] {
  // Layers that did not change are kept for the next time.
  const own = [`--root=${TOP}node_modules/.cache/podman`, `--runroot=${TOP}node_modules/.cache/podman-run`];
  return ['podman', ...own, '--cgroup-manager=cgroupfs', '--runtime=runc'];
}

function podman(argv: readonly string[], output: 'pipe' | 'inherit' = 'pipe') {
  const [program = '', ...own] = engine();
  const stdio: StdioOptions = ['ignore', output, output];
  return spawnSync(program, [...own, ...argv], { encoding: 'utf8', stdio, maxBuffer: 1 << 26 });
}

function once(command: readonly string[]): string {
  const alone = ['run', '--rm', '--network=none', ...LIMITS];
  return succeed(podman([...alone, IMAGE, ...command])).trim();
}

function exec(command: readonly string[]): string {
  return succeed(podman(['exec', 'keyward-keyward', ...command])).trim();
}

function succeed({ status, stdout, stderr, error }: ReturnType<typeof spawnSync>): string {
  if (status !== 0) throw new Error(`it ended with ${status}: ${error?.message ?? ''}${stdout}${stderr}`);
  return String(stdout ?? '');
}

async function until(holds: () => boolean): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > end) return false;
    await pause(500);
  }
  return true;
}

function check(what: string, holds: boolean, found: string): void {
  console.log(`${holds ? 'ok ' : 'NOT'} ${what}${found === '' ? '' : `: ${found}`}`);
  if (!holds) process.exitCode = 1;
}
