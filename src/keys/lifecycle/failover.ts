import type { SigningKey } from '../../kernel/key.ts';
import {
  activeOf,
  type KeyChange,
  type KeyPlan,
  type PlanContext,
  planRotation,
  type ScopeKeys,
  standbyReadyAt,
} from './plans.ts';

/** What becomes of the keys of all scopes when an HSM token signs no more. */
export interface FailoverPlan {
  readonly changes: readonly KeyChange[];
  /** Standbys on other tokens that sign from now on. */
  readonly started: readonly SigningKey[];
  /** Scopes whose active key is on the token and that have none elsewhere which could follow it yet. */
  readonly waiting: readonly string[];
}

/**
 * Where the active key is on that token, and it has been away for so long, a standby on another one signs from now on,
 * as after a rotation: it is proven, its token is there, and every cache has it.
 */
export function planFailover(
  scopes: readonly ScopeKeys[],
  hsmToken: string,
  failoverSeconds: number,
  given: PlanContext,
): FailoverPlan {
  const stranded = scopes.filter(
    (of) => activeOf(of)?.hsmToken === hsmToken && of.awaySeconds(hsmToken) >= failoverSeconds,
  );
  const plans = stranded.map((of) => [of.scope.id, planScope(of, hsmToken, given)] as const);
  return {
    changes: plans.flatMap(([, plan]) => plan?.changes ?? []),
    started: plans.flatMap(([, plan]) => plan?.started ?? []),
    waiting: plans.flatMap(([scopeId, plan]) => (plan ? [] : [scopeId])),
  };
}

function planScope(of: ScopeKeys, hsmToken: string, given: PlanContext): KeyPlan | undefined {
  const ready = {
    ...of,
    keys: of.keys.filter((key) => key.state === 'active' || canTakeOver(of, key, hsmToken)),
  };
  const readyAt = standbyReadyAt(ready, given.now);
  return readyAt !== null && readyAt <= given.now ? planRotation(ready, 'keyward', given) : undefined;
}

function canTakeOver(of: ScopeKeys, key: SigningKey, hsmToken: string): boolean {
  return key.hsmToken !== hsmToken && of.awaySeconds(key.hsmToken) === 0 && of.proofOf(key) === 'proven';
}

/** Whether a standby elsewhere could take over now if the token of the active key were away. */
export function isFailoverReady(of: ScopeKeys, given: PlanContext): boolean {
  const active = activeOf(of);
  return active !== undefined && planScope(of, active.hsmToken, given) !== undefined;
}

/** The HSM tokens that have been away for so long, and from which some scope can go elsewhere. 0: none, ever. */
export function tokensToLeave(
  scopes: readonly ScopeKeys[],
  failoverSeconds: number,
  given: PlanContext,
): readonly string[] {
  if (failoverSeconds === 0) return [];
  const gone = scopes.flatMap((of) => {
    const active = activeOf(of);
    return active && of.awaySeconds(active.hsmToken) >= failoverSeconds ? [active.hsmToken] : [];
  });
  return [...new Set(gone)].filter(
    (hsmToken) => planFailover(scopes, hsmToken, failoverSeconds, given).changes.length > 0,
  );
}
