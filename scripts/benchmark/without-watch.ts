// Loaded first, it puts detections and decoys that see nothing in the place of the real ones: for measuring alone.
import { registerHooks } from 'node:module';

const INSTEAD = new Map([
  ['/watch/fact-count.ts', './no-facts.ts'],
  ['./open-detector.ts', './no-detector.ts'],
  ['./open-canaries.ts', './no-canaries.ts'],
]);

registerHooks({
  resolve(specifier, context, next) {
    const [, instead] = [...INSTEAD].find(([end]) => specifier.endsWith(end)) ?? [];
    if (instead === undefined) return next(specifier, context);
    return { url: new URL(instead, import.meta.url).href, format: 'module-typescript', shortCircuit: true };
  },
});
