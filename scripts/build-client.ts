// `npm run build:client [-- <folder>]`: the client library as a package of its own, ready for `npm pack`, under
// dist/client or in that folder, which is made anew.
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compile, ROOT } from './package/compile.ts';
import { manifestOfCheckout } from './package/manifest.ts';

const out = resolve(process.argv[2] ?? join(ROOT, 'dist/client'));
const { version, license } = manifestOfCheckout();

/** Pages of docs/, and what they are called in the package. */
const PAGES: Readonly<Record<string, string>> = { 'client.md': 'README.md', 'refusals.md': 'refusals.md' };

rmSync(out, { recursive: true, force: true });
compile('tsconfig.client.json', out);
const manifest = {
  name: '@keyward/client',
  version,
  description: 'Verifies tokens of one Keyward key scope offline, and asks for signatures',
  license,
  type: 'module',
  engines: { node: '>=20.12' },
  exports: { types: './client/index.d.ts', default: './client/index.js' },
  publishConfig: { access: 'public' },
  files: ['client', 'kernel', 'lib', 'token', 'refusals.md'],
  sideEffects: false,
};
writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
copyFileSync(join(ROOT, 'LICENSE'), join(out, 'LICENSE'));
for (const [page, as] of Object.entries(PAGES)) {
  writeFileSync(join(out, as), withoutDeadLinks(readFileSync(join(ROOT, 'docs', page), 'utf8')));
}

/** A page is linked by its name in the package; what the package does not hold is named, not linked. */
function withoutDeadLinks(page: string): string {
  return page.replace(/\[([^\]]+)\]\(([^)#]+)(#[^)]*)?\)/g, (link, words: string, to: string, at = '') => {
    if (to.startsWith('https:')) return link;
    return Object.hasOwn(PAGES, to) ? `[${words}](${PAGES[to]}${at})` : words;
  });
}
