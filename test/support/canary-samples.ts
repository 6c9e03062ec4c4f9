import { createHash } from 'node:crypto';
import type { Canary, CanaryAlarm, CanaryTrigger } from '../../src/canaries/canary.ts';

/** A decoy credential, but for what `changes` says. */
export function canarySample(changes: Partial<Canary> = {}): Canary {
  const { id = 'c1' } = changes;
  return {
    id,
    kind: 'credential',
    planted: 'home of the build user',
    digest: createHash('sha256').update(id).digest(),
    scopeId: null,
    key: null,
    createdBy: 'alice',
    createdAt: 10,
    retiredAt: null,
    ...changes,
  };
}

/** What was heard of, in order. */
export function heardTriggers(): {
  alarm: CanaryAlarm;
  heard: (readonly [id: string, touch: CanaryTrigger])[];
} {
  const heard: (readonly [string, CanaryTrigger])[] = [];
  return { alarm: { touched: ({ id }, touch) => heard.push([id, touch]) }, heard };
}
