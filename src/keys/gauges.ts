import type { Clock } from '../kernel/clock.ts';
import {
  KEY_STATES,
  type KeyRing,
  type KeyState,
  type KnownKeys,
  PROOF_STATUSES,
  type SigningKey,
} from '../kernel/key.ts';
import { windowUsed } from '../kernel/key-window.ts';
import type { Gauges } from '../metrics/gauges.ts';
import { ROTATION_OBSTACLES, rotationOutlook } from './lifecycle/due-steps.ts';
import { isFailoverReady } from './lifecycle/failover.ts';
import type { ScopeKeys } from './lifecycle/plans.ts';

/** The states whose keys sign, or will: the ages of others say nothing. */
const SIGNING = ['pre_activation', 'active'] as const satisfies readonly KeyState[];

interface Watched {
  readonly keyRing: Pick<KeyRing, 'scopes'> &
    Pick<KnownKeys, 'knownKeysOf' | 'refusedKeys'> & { scopeKeys(scopeId: string): ScopeKeys | undefined };
  readonly clock: Clock;
  readonly graceSeconds: number;
  /** The end of the last gap in the records, where there is one. */
  readonly renewedSince?: () => number | undefined;
}

/** Where the keys of each scope are in their lives. Scopes come from the registry, never from a request. */
export function keyGauges({ keyRing, clock, graceSeconds, renewedSince }: Watched): Gauges {
  const byScope = <T>(read: (of: ScopeKeys) => T | undefined): Record<string, T> =>
    Object.fromEntries(
      keyRing.scopes().flatMap(({ id }) => {
        const of = keyRing.scopeKeys(id);
        const value = of && read(of);
        return value === undefined ? [] : [[id, value]];
      }),
    );
  const given = () => ({ now: clock.nowSeconds(), graceSeconds, renewedSince: renewedSince?.() });
  const outlook = (of: ScopeKeys) => rotationOutlook(of, given());
  const proofs = ({ scope }: ScopeKeys) => keyRing.knownKeysOf(scope.id).map(({ proof }) => proof.status);
  const states = ({ keys }: ScopeKeys) => keys.map(({ state }) => state);
  return {
    keys: () => byScope((of) => counted(KEY_STATES, states(of))),
    keyProofs: () => byScope((of) => counted(PROOF_STATUSES, proofs(of))),
    keyUnproven: () => byScope((of) => proofs(of).filter((status) => status === 'unproven').length),
    keyRefused: () => keyRing.refusedKeys().length,
    keyWindowUsed: () =>
      byScope((of) => {
        const active = outlook(of)?.active;
        return active && windowUsed(active, clock.nowSeconds());
      }),
    nextRotation: () => byScope((of) => outlook(of)?.at ?? undefined),
    rotationDue: () => byScope((of) => outlook(of)?.dueAt),
    rotationObstacle: () =>
      byScope((of) => {
        const ahead = outlook(of);
        return ahead && counted(ROTATION_OBSTACLES, ahead.obstacle ? [ahead.obstacle] : []);
      }),
    failoverReady: () =>
      byScope((of) => (of.scope.standbyToken === null ? undefined : Number(isFailoverReady(of, given())))),
    keyCreated: () => byScope(({ keys }) => earliest(keys, ({ createdAt }) => createdAt)),
    keySignUntil: () => byScope(({ keys }) => earliest(keys, ({ signUntil }) => signUntil)),
  };
}

function counted<T extends string>(all: readonly T[], found: readonly T[]): Record<string, number> {
  return Object.fromEntries(all.map((each) => [each, found.filter((one) => one === each).length]));
}

function earliest(
  keys: readonly SigningKey[],
  time: (key: SigningKey) => number,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    SIGNING.flatMap((state) => {
      const times = keys.filter((key) => key.state === state).map(time);
      return times.length === 0 ? [] : [[state, Math.min(...times)]];
    }),
  );
}
