import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/**
 * Preloaded with `--import`: at the end, the packages that were loaded, as JSON on standard error, or in the file that
 * the query names.
 */
const file = new URL(import.meta.url).searchParams.get('file');
const packages = new Set<string>();
registerHooks({
  load(url, context, next) {
    const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
    if (name !== undefined) packages.add(name);
    return next(url, context);
  },
});
process.on('exit', () => {
  const told = JSON.stringify([...packages].sort());
  if (file === null) process.stderr.write(told);
  else if (isMainThread) writeFileSync(file, told);
});
