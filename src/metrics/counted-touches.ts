import { CANARY_KINDS, CANARY_USES, type Canary, type CanaryTrigger } from '../kernel/canary.ts';
import type { Metrics } from './metrics.ts';

/** Counts every use of a decoy; all that there may be begin at nought, so that a first one is seen to grow. */
export function countedTouches({ canaryTouches: counter }: Pick<Metrics, 'canaryTouches'>) {
  for (const kind of CANARY_KINDS) for (const use of CANARY_USES) counter.inc({ kind, use }, 0);
  return ({ kind }: Canary, { use }: CanaryTrigger): void => counter.inc({ kind, use });
}
