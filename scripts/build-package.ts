// `npm run build:package [-- <folder>]`: the service as a package, ready for `npm pack`, under dist/package or in that
// folder, which is made anew. It holds its locked dependencies; only the PKCS#11 addon is built where it is installed.
import { cpSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compileService, ROOT } from './package/compile.ts';
import { manifestOfCheckout, writeManifest } from './package/manifest.ts';

const out = resolve(process.argv[2] ?? join(ROOT, 'dist/package'));
const { name, description, dependencies } = manifestOfCheckout();

rmSync(out, { recursive: true, force: true });
compileService(join(out, 'lib'));
cpSync(join(ROOT, 'scripts/package/starter'), join(out, 'bin/keyward'));
for (const part of ['deploy', 'docs', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE']) {
  cpSync(join(ROOT, part), join(out, part), { recursive: true });
}
writeManifest(out, {
  name,
  description,
  os: ['linux'],
  bin: { keyward: 'bin/keyward' },
  files: ['bin', 'lib', 'docs', 'deploy', 'CHANGELOG.md', 'SECURITY.md'],
  dependencies,
});
