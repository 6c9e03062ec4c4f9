import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * From now on each of these modules of `src` is the one beside it, of this folder. Throws where one is not there: with a
 * module that has moved, nothing would be replaced, and the same thing measured twice. What stands in for a module may
 * import it, for whatever is not replaced.
 */
export function replaceModules(replacements: Readonly<Record<string, string>>): void {
  const urls = new Map(
    Object.entries(replacements).map(([path, instead]) => [
      new URL(`../../src/${path}`, import.meta.url).href,
      new URL(instead, import.meta.url).href,
    ]),
  );
  for (const url of [...urls.keys(), ...urls.values()]) {
    if (!existsSync(fileURLToPath(url))) throw new Error(`there is no ${url}`);
  }
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const isStandIn = [...urls.values()].includes(context.parentURL ?? '');
      const instead = isStandIn ? undefined : urls.get(resolved.url);
      return instead === undefined
        ? resolved
        : { url: instead, format: 'module-typescript', shortCircuit: true };
    },
  });
}
