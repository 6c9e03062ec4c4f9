import { CanaryIndex } from '../../src/canaries/canary-index.ts';
import type { Canaries, CanaryRootDeps } from '../../src/canaries/index.ts';
import { canariesInInventory } from '../../src/canaries/triggers.ts';

export function openCanaries({ keyRing }: Pick<CanaryRootDeps, 'keyRing'>): Canaries {
  return {
    watchCallers: (next) => next,
    watchVerifier: (next) => next,
    watchSightings: (next) => next,
    watchRevocation: (next) => next,
    watchSigner: (next) => next,
    watchLeaks: (next) => next,
    inInventory: canariesInInventory(
      new CanaryIndex({ follow: () => () => {} }),
      { touched: () => {} },
      keyRing,
    ),
    administration: () => ({}),
  };
}
