import type { Actor } from '../domain/access.ts';
import type { AuditEvent } from '../domain/audit.ts';
import type { Clock } from '../domain/clock.ts';
import { mayMove } from '../domain/key-life/move.ts';
import { type KeyPlan, planSuspension, type ScopeKeys } from '../domain/key-life/plans.ts';
import type { Cause } from '../domain/key-life/transitions.ts';
import type { KeySuspender, Suspension } from '../domain/suspension.ts';
import type { KeyChanges } from './key-changes.ts';
import type { KeyRingKeeper } from './key-ring.ts';

export interface SuspendingParts {
  readonly changes: Pick<KeyChanges, 'applyUrgently'>;
  readonly keyRing: Pick<KeyRingKeeper, 'keyNamed'>;
  readonly clock: Clock;
  readonly graceSeconds: number;
  /** Told after each suspension, which does not wait for it: a new standby is wanted. */
  readonly onSuspended: (suspension: Suspension) => void;
}

const NOTHING: KeyPlan = { changes: [], stopped: undefined, started: undefined };

/** For alarms: where two of them come at once, one standby is promoted. Needs no HSM. */
export function createKeySuspender({
  changes,
  keyRing,
  clock,
  graceSeconds,
  onSuspended,
}: SuspendingParts): KeySuspender {
  return {
    async suspend(kid, why, actor) {
      const scopeId = keyRing.keyNamed(kid)?.scopeId;
      if (scopeId === undefined) return undefined;
      const { stopped, started } = await changes.applyUrgently(scopeId, {
        plan: (of) => planWhereItServes(of, kid, 'keyward', { now: clock.nowSeconds(), graceSeconds }),
        event: (plan) => eventOf(actor, scopeId, plan, why),
      });
      if (!stopped) return undefined;
      const suspension = { suspended: stopped, promoted: started };
      onSuspended(suspension);
      return suspension;
    },
  };
}

function planWhereItServes(
  of: ScopeKeys,
  kid: string,
  cause: Cause,
  given: { now: number; graceSeconds: number },
) {
  const key = of.keys.find((candidate) => candidate.kid === kid);
  return key && mayMove(key, 'suspend') ? planSuspension(of, kid, cause, given) : NOTHING;
}

function eventOf(
  { operatorId, requestId }: Actor,
  scope: string,
  { stopped, started }: KeyPlan,
  why: string,
): AuditEvent {
  const details = { scope, why, promoted: started?.kid ?? null };
  return { type: 'key.suspended', actor: operatorId, subject: `key:${stopped?.kid}`, requestId, details };
}
