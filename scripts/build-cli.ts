// `npm run build:cli [-- <folder>]`: the command line for operators' machines as a package, ready for `npm pack`, under
// dist/cli or in that folder, which is made anew. It has no PKCS#11: what opens the HSM is left to the service's host.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { compileService, ROOT } from './package/compile.ts';
import { manifestOfCheckout, writeManifest } from './package/manifest.ts';
import { reachedFrom } from './package/reach.ts';

/** Files whose verbs need the host, with the names of those. */
const OF_THE_HOST: Readonly<Record<string, readonly string[]>> = {
  'cli/init-verb.js': ['init'],
  'cli/serve-verb.js': ['serve'],
  'doctor/cli-output.js': ['doctor'],
};
const SIGNER = 'signer/process.js';

const out = resolve(process.argv[2] ?? join(ROOT, 'dist/cli'));
const compiled = join(out, 'compiled');
const { name, dependencies } = manifestOfCheckout();

rmSync(out, { recursive: true, force: true });
compileService(compiled);
const { files, packages } = reachedFrom(compiled, ['cli/main.js'], [...Object.keys(OF_THE_HOST), SIGNER]);
for (const file of files) cpSync(join(compiled, file), join(out, 'lib', file));
rmSync(compiled, { recursive: true });
for (const [file, verbs] of Object.entries(OF_THE_HOST)) {
  mkdirSync(dirname(join(out, 'lib', file)), { recursive: true });
  writeFileSync(join(out, 'lib', file), refusing(verbs));
}
cpSync(join(ROOT, 'scripts/package/cli/keyward.js'), join(out, 'bin/keyward.js'));
for (const page of ['CHANGELOG.md', 'LICENSE']) cpSync(join(ROOT, page), join(out, page));
writeManifest(out, {
  name: `${name}-cli`,
  description: 'The command line of Keyward, for operators',
  bin: { keyward: 'bin/keyward.js' },
  files: ['bin', 'lib', 'CHANGELOG.md'],
  dependencies: Object.fromEntries(packages.map((each) => [each, dependencies[each] ?? ''])),
});

function refusing(verbs: readonly string[]): string {
  return `import { usageFailure } from '../cli/failure.js';

function refuse() {
  throw usageFailure('this package is the command line alone: run this on the host of the service');
}

export { ${verbs.map((verb) => `refuse as ${verb}`).join(', ')} };
`;
}
