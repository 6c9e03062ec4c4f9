// Loaded first, it puts a ledger that keeps nothing in the place of the durable one: for measuring alone.
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) =>
    specifier.endsWith('/ledger/durable-ledger.ts')
      ? {
          url: new URL('./no-ledger.ts', import.meta.url).href,
          format: 'module-typescript',
          shortCircuit: true,
        }
      : next(specifier, context),
});
