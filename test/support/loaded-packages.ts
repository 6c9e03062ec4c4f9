import { registerHooks } from 'node:module';

/** Preloaded with `--import`: at the end, the packages that were loaded, as JSON on standard error. */
const packages = new Set<string>();
registerHooks({
  load(url, context, next) {
    const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
    if (name !== undefined) packages.add(name);
    return next(url, context);
  },
});
process.on('exit', () => process.stderr.write(JSON.stringify([...packages].sort())));
