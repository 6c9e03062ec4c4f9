import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** `tsc` with one of the configurations at the top of the checkout. */
export function compile(configuration: string, out: string): void {
  const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
  const compiler = join(dirname(typescript), 'bin/tsc');
  const argv = [compiler, '-p', join(ROOT, configuration), '--outDir', out];
  execFileSync(process.execPath, argv, { stdio: 'inherit' });
}

/** The service as JavaScript. */
export function compileService(out: string): void {
  compile('tsconfig.package.json', out);
  for (const file of globSync('**/*.js', { cwd: out })) {
    const path = join(out, file);
    const source = readFileSync(path, 'utf8');
    const built = withBuiltEntries(source);
    if (built !== source) writeFileSync(path, built);
  }
}

/** The compiler renames what is imported; threads and processes are started from an address. */
export function withBuiltEntries(source: string): string {
  return source.replaceAll(/(new URL\('\.[^']*)\.ts(', import\.meta\.url\))/g, '$1.js$2');
}
