// `npm run build:client`: the client library as a package of its own under dist/client, ready for `npm pack`.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'dist/client');
const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

rmSync(out, { recursive: true, force: true });
execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.client.json')], { stdio: 'inherit' });
const manifest = {
  name: 'keyward',
  version,
  description: 'Verifies tokens of one Keyward key scope offline, and asks for signatures',
  license,
  type: 'module',
  engines: { node: '>=20.12' },
  exports: { './client': { types: './client/index.d.ts', default: './client/index.js' } },
  files: ['client', 'domain', 'token'],
  sideEffects: false,
};
writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
copyFileSync(join(root, 'LICENSE'), join(out, 'LICENSE'));
copyFileSync(join(root, 'docs/client.md'), join(out, 'README.md'));
