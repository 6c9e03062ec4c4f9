import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';
import type { TestProject } from 'vitest/node';
import { SOURCES } from './service-program.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Within the checkout, so that the addon is found. */
const KEPT = join(ROOT, 'node_modules/.cache/keyward-tests');
const WEEK_MS = 7 * 86_400_000;

/** Before the tests that start services, and before each time that they run again; once for all projects. */
export default async function setup(project: TestProject): Promise<void> {
  if (process.env.TEST_PROGRAM !== undefined) return;
  await provide();
  project.onTestsRerun(provide);
}

/**
 * The service of these sources and packages, in a few files: reading 1,400 modules is most of a start.
 * What was built of the same is taken again, with what Node compiled of it.
 */
async function provide(): Promise<void> {
  const files = await build();
  const hash = createHash('sha256');
  for (const { fileName, code } of files) hash.update(`${fileName}\0${code}\0`);
  const folder = join(KEPT, hash.digest('hex').slice(0, 16));
  if (!existsSync(folder)) write(folder, files);
  utimesSync(folder, new Date(), new Date());
  forgetOlder();
  process.env.TEST_PROGRAM = folder;
}

interface BuiltFile {
  readonly fileName: string;
  readonly code: string;
}

async function build(): Promise<readonly BuiltFile[]> {
  const bundle = await rolldown({
    cwd: ROOT,
    input: SOURCES,
    platform: 'node',
    external: ['pkcs11js', 'pg-native'],
    plugins: [addresses],
  });
  const { output } = await bundle.generate({ format: 'esm', keepNames: true });
  await bundle.close();
  return output.flatMap((file) => (file.type === 'chunk' ? [file] : []));
}

const ENTRY = /new URL\('(\.[^']*\.ts)', import\.meta\.url\)/g;

/** Threads and processes are started from addresses, which become those of their bundles; the rest stays where it is. */
const addresses: Plugin = {
  name: 'addresses',
  transform: {
    filter: { code: 'import.meta.', id: /\/src\/.*\.ts$/ },
    handler(code, id) {
      const bundled = (_: string, path: string) =>
        `new URL(import.meta.ROLLUP_FILE_URL_${this.emitFile({ type: 'chunk', id: resolve(dirname(id), path) })})`;
      return code
        .replaceAll(ENTRY, bundled)
        .replaceAll('import.meta.url', `'${pathToFileURL(id)}'`)
        .replaceAll('import.meta.dirname', `'${dirname(id)}'`);
    },
  },
};

/** Another run may write the same at the same time. */
function write(folder: string, files: readonly BuiltFile[]): void {
  const draft = `${folder}-of-${process.pid}`;
  mkdirSync(draft, { recursive: true });
  for (const { fileName, code } of files) writeFileSync(join(draft, fileName), code);
  writeFileSync(join(draft, 'package.json'), '{"type":"module"}\n');
  try {
    renameSync(draft, folder);
  } catch {
    rmSync(draft, { recursive: true });
  }
}

function forgetOlder(): void {
  for (const name of readdirSync(KEPT)) {
    const folder = join(KEPT, name);
    const built = statSync(folder, { throwIfNoEntry: false });
    if (built && built.mtimeMs < Date.now() - WEEK_MS) rmSync(folder, { recursive: true, force: true });
  }
}
