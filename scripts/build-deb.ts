// `npm run build:deb [-- <folder>]`: a Debian package with a Node of its own, keyward_<version>_<arch>.deb under dist/ or
// in that folder. The PKCS#11 addon is the one of this checkout.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ROOT } from './package/compile.ts';
import { manifestOfCheckout } from './package/manifest.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const ADDON = 'node_modules/pkcs11js/build/Release/pkcs11.node';
const DOCS = 'usr/share/doc/keyward';

const out = resolve(process.argv[2] ?? join(ROOT, 'dist'));
const tree = join(out, 'debian');
const { version } = manifestOfCheckout();
const architecture = ARCHITECTURES[process.arch];
if (!architecture || process.platform !== 'linux') throw new Error(`no package for ${process.arch}`);

rmSync(tree, { recursive: true, force: true });
mkdirSync(tree, { recursive: true });
// Whatever the umask is, others read and run what is installed.
process.umask(0o022);
const own = join(tree, 'usr/lib/keyward');
execFileSync(process.execPath, [join(ROOT, 'scripts/build-package.ts'), own], { stdio: 'inherit' });
place(join(ROOT, `node_modules/node-linux-${process.arch}/bin/node`), 'usr/lib/keyward/bin/node', 0o755);
place(join(ROOT, ADDON), `usr/lib/keyward/${ADDON}`);
for (const part of ['docs', 'deploy', 'README.md', 'CHANGELOG.md', 'SECURITY.md']) {
  cpSync(join(own, part), join(tree, DOCS, part), { recursive: true });
  rmSync(join(own, part), { recursive: true });
}
addNode(join(own, 'sbom.cdx.json'));
place(join(own, 'sbom.cdx.json'), `${DOCS}/sbom.cdx.json`);
mkdirSync(join(tree, 'usr/bin'), { recursive: true });
symlinkSync('../lib/keyward/bin/keyward', join(tree, 'usr/bin/keyward'));
place(deployed('systemd/keyward-offline'), 'usr/sbin/keyward-offline', 0o755);
for (const unit of [
  'keyward.service',
  'keyward.socket',
  'keyward-operations.socket',
  'keyward-signer.service',
  'keyward-backup.service',
  'keyward-backup.timer',
]) {
  place(deployed(`systemd/${unit}`), `usr/lib/systemd/system/${unit}`);
}
place(deployed('debian/keyward.default'), 'etc/default/keyward');
place(deployed('logrotate/keyward'), 'etc/logrotate.d/keyward');
for (const file of ['config', 'signer']) {
  place(deployed(`debian/${file}.example.yaml`), `${DOCS}/examples/${file}.yaml`);
}
for (const [shell, path] of [
  ['bash', 'bash-completion/completions/keyward'],
  ['zsh', 'zsh/vendor-completions/_keyward'],
  ['fish', 'fish/vendor_completions.d/keyward.fish'],
] as const) {
  write(
    `usr/share/${path}`,
    execFileSync(process.execPath, [join(ROOT, 'src/cli/main.ts'), 'completion', shell], {
      encoding: 'utf8',
    }),
  );
}
place(deployed('debian/copyright'), `${DOCS}/copyright`);
for (const script of ['postinst', 'prerm', 'postrm']) {
  place(deployed(`debian/${script}`), `DEBIAN/${script}`, 0o755);
}
write('DEBIAN/conffiles', '/etc/default/keyward\n/etc/logrotate.d/keyward\n');
write('DEBIAN/control', control());
const file = join(out, `keyward_${version}_${architecture}.deb`);
execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z2', '--build', tree, file], { stdio: 'inherit' });
rmSync(tree, { recursive: true });

function deployed(name: string): string {
  return join(ROOT, 'deploy', name);
}

function place(from: string, to: string, mode = 0o644): void {
  const path = join(tree, to);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(from, path);
  chmodSync(path, mode);
}

function write(to: string, text: string): void {
  const path = join(tree, to);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function addNode(bill: string): void {
  const { node } = process.versions;
  const { components, ...others } = JSON.parse(readFileSync(bill, 'utf8'));
  const added = { type: 'application', name: 'node', version: node, purl: `pkg:generic/node@${node}` };
  writeFileSync(bill, `${JSON.stringify({ ...others, components: [...components, added] }, null, 2)}\n`);
}

function control(): string {
  return readFileSync(deployed('debian/control'), 'utf8')
    .replace('@VERSION@', version)
    .replace('@ARCHITECTURE@', architecture ?? '')
    .replace('@SIZE@', String(Math.ceil(installedBytes() / 1024)));
}

function installedBytes(): number {
  const files = globSync('**', { cwd: tree }).map((name) => statSync(join(tree, name)));
  return files.filter((status) => status.isFile()).reduce((sum, { size }) => sum + size, 0);
}
