import type { Actor } from '../kernel/actor.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { KeyAct, KeyLifecycleChange, Registry } from '../kernel/registry.ts';
import { Mutex } from '../lib/mutex.ts';
import type { IssuanceLock } from './key-administration.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import type { KeyPlan, ScopeKeys } from './lifecycle/plans.ts';

interface KeyChangingDeps {
  readonly registry: Pick<Registry, 'changeKeys' | 'restrictKeys' | 'signPending'>;
  /** It has followed the registry before a change settles. */
  readonly keyRing: Pick<KeyRingKeeper, 'scopes' | 'scopeKeys'>;
  readonly holds: IssuanceLock;
}

type AnyPlan = Pick<KeyPlan, 'changes'>;

/** One change of keys: planned on them as they are, and committed with its event. */
interface IntendedChange<Plan extends AnyPlan> {
  /** Pure: it is asked again where the keys changed in between. What it throws is the answer. */
  readonly plan: (keys: KeyView) => Plan;
  readonly act: (plan: Plan) => KeyAct;
}

/** Keys as a plan finds them. */
interface KeyView {
  /** `unknown_scope`. */
  of(scopeId: string): ScopeKeys;
  all(): readonly ScopeKeys[];
}

/** The one way for keys to become something else. */
export interface KeyChanges {
  /** Waits for the registry key's signature; `hsm_unavailable` where more than restricts is wanted without it. */
  apply<Plan extends AnyPlan>(change: IntendedChange<Plan>): Promise<Plan>;
  /** Only what restricts, with the HSM away too; never behind a change that waits for it. */
  applyUrgently<Plan extends AnyPlan>(change: IntendedChange<Plan>): Promise<Plan>;
  /** Settles once no change of keys waits for its signature; fails as `Signer.sign`. */
  signed(): Promise<void>;
}

const ATTEMPTS = 3;

/** In turn, each on what the one before it left; what is urgent has turns of its own. */
export function createKeyChanges({ registry, keyRing, holds }: KeyChangingDeps): KeyChanges {
  const [turns, urgentTurns] = [new Mutex(), new Mutex()];
  const view: KeyView = {
    of: (scopeId) => keyRing.scopeKeys(scopeId) ?? noSuchScope(),
    all: () => keyRing.scopes().map(({ id }) => view.of(id)),
  };

  const attempt = async <Plan extends AnyPlan>(
    { plan, act }: IntendedChange<Plan>,
    commit: Registry['restrictKeys'],
  ): Promise<Plan> => {
    for (let attempts = 1; ; attempts += 1) {
      const planned = plan(view);
      if (planned.changes.length === 0) return planned;
      try {
        // A row that the ring has refused never joins the plan, serves nobody, and holds up no emergency.
        const may = { leaveOut: attempts === ATTEMPTS };
        await whileHeld(planned.changes, () => commit(planned.changes, act(planned), may));
        return planned;
      } catch (error) {
        if (!isOvertaken(error) || attempts === ATTEMPTS) throw error;
      }
    }
  };

  /** Nothing is signed for a scope while its signing key changes. */
  const whileHeld = async (
    changes: readonly KeyLifecycleChange[],
    work: () => Promise<void>,
  ): Promise<void> => {
    const signing = changes.filter(({ before, after }) => [before.state, after.state].includes('active'));
    const scopeIds = new Set(signing.map(({ after }) => after.scopeId));
    const ends = [...scopeIds].map((scopeId) => holds.acquire(scopeId));
    try {
      await work();
    } finally {
      for (const end of ends) end();
    }
  };

  return {
    apply: (change) => turns.runExclusive(() => attempt(change, registry.changeKeys)),
    signed: () => registry.signPending(),
    applyUrgently: (change) => urgentTurns.runExclusive(() => attempt(change, registry.restrictKeys)),
  };
}

function noSuchScope(): never {
  throw new KeywardError('unknown_scope', 'there is no scope of this id');
}

function isOvertaken(error: unknown): boolean {
  return error instanceof KeywardError && error.code === 'key_changed';
}

/** What the audit trail says beside the plan. */
interface KeyActDescription {
  readonly type: `key.${string}`;
  readonly actor: Actor;
  readonly why: string;
}

/** What became of one key. */
export function keyAct(
  { type, actor, why }: KeyActDescription,
  kid: string,
  { stopped, started }: KeyPlan,
): KeyAct {
  const scope = (stopped ?? started)?.scopeId;
  const details = { scope, why, promoted: started?.kid ?? null, ...keptIn(stopped) };
  return { type, actor, subject: `key:${kid}`, details };
}

/** One key signs in the place of another. */
export function succession(
  { type, actor, why }: KeyActDescription,
  scopeId: string,
  { stopped, started }: KeyPlan,
): KeyAct {
  const details = { why, activated: started?.kid ?? null, deactivated: stopped?.kid ?? null };
  return { type, actor, subject: `scope:${scopeId}`, details };
}

function keptIn(key: KeyPlan['stopped']): Readonly<Record<string, unknown>> {
  return key?.state === 'compromised' ? { kept_for_forensics: key.keptForForensics } : {};
}
