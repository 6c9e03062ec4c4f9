import type { ActGate } from './domain/act-gate.ts';
import type { Clock } from './domain/clock.ts';
import { KEY_STATES } from './domain/key.ts';
import type { ScopeKeys } from './domain/key-life/plans.ts';
import { rotationOutlook } from './domain/key-life/rotation-outlook.ts';
import { windowUsed } from './domain/key-life/window.ts';
import type { KeyRing } from './domain/key-ring.ts';
import type { KnownKeys, ProofStatus } from './domain/known-keys.ts';
import type { Metrics } from './metrics/metrics.ts';

const PROOFS: readonly ProofStatus[] = ['proven', 'unproven', 'missing', 'unchecked'];
const MOST_PROPOSALS = 10_000;

interface Watched {
  readonly keyRing: Pick<KeyRing, 'scopes'> &
    Pick<KnownKeys, 'knownKeysOf'> & { scopeKeys(scopeId: string): ScopeKeys | undefined };
  readonly gate: Pick<ActGate, 'list'>;
  readonly clock: Clock;
  readonly graceSeconds: number;
  /** The end of the last gap in the records, where there is one. */
  readonly renewedSince?: number | undefined;
}

/** Where the keys of each scope are in their lives. Scopes come from the registry, never from a request. */
export function watchKeyGauges(metrics: Pick<Metrics, 'watch'>, parts: Watched): void {
  const { keyRing, gate, clock, graceSeconds, renewedSince } = parts;
  const byScope = <T>(read: (of: ScopeKeys) => T | undefined): Record<string, T> =>
    Object.fromEntries(
      keyRing.scopes().flatMap(({ id }) => {
        const of = keyRing.scopeKeys(id);
        const value = of && read(of);
        return value === undefined ? [] : [[id, value]];
      }),
    );
  const outlook = (of: ScopeKeys) =>
    rotationOutlook(of, { now: clock.nowSeconds(), graceSeconds, renewedSince });

  metrics.watch('keys', () =>
    byScope(({ keys }) =>
      counted(
        KEY_STATES,
        keys.map(({ state }) => state),
      ),
    ),
  );
  metrics.watch('keyProofs', () =>
    byScope(({ scope }) =>
      counted(
        PROOFS,
        keyRing.knownKeysOf(scope.id).map(({ proof }) => proof.status),
      ),
    ),
  );
  metrics.watch('keyWindowUsed', () =>
    byScope((of) => {
      const active = outlook(of)?.active;
      return active && windowUsed(active, clock.nowSeconds());
    }),
  );
  metrics.watch('nextRotation', () => byScope((of) => outlook(of)?.at ?? undefined));
  metrics.watch(
    'proposalsOpen',
    () => gate.list({ limit: MOST_PROPOSALS }).filter(({ state }) => state === 'open').length,
  );
}

function counted<T extends string>(all: readonly T[], found: readonly T[]): Record<string, number> {
  return Object.fromEntries(all.map((each) => [each, found.filter((one) => one === each).length]));
}
