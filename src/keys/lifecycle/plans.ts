import { KeywardError } from '../../kernel/errors.ts';
import type { ProofStatus, SigningKey } from '../../kernel/key.ts';
import {
  type Initiator,
  mayMove,
  move,
  type TransitionName,
  type TransitionOptions,
  type TransitionOverrides,
} from '../../kernel/key-transitions.ts';
import {
  isKnownWith,
  isOfTheFuture,
  isWindowOver,
  privateKeyDestroyed,
  propagatedAt,
  withPrivateKeyDue,
} from '../../kernel/key-window.ts';
import type { Scope } from '../../kernel/scope.ts';

/** What is known of HSM tokens. */
export interface TokenStandings {
  /** For how many seconds it has signed nothing; 0 where it can sign. */
  awaySeconds(hsmToken: string): number;
  /** Then no key is made there again. */
  isTokenCompromised(hsmToken: string): boolean;
}

/** One scope with its keys, as a plan finds them. */
export interface ScopeKeys extends TokenStandings {
  readonly scope: Scope;
  readonly keys: readonly SigningKey[];
  /** Whether the key may be relied upon to sign: nothing says that it is unproven or missing. */
  serves(key: SigningKey): boolean;
  /** What is known of it by now; `missing` only where a fresh process did not find it. */
  proofOf(key: SigningKey): ProofStatus;
}

/** A key as the plan found it, and as it becomes. */
export interface KeyChange {
  readonly before: SigningKey;
  readonly after: SigningKey;
}

/** What becomes of the keys, the one that stops signing before the one that starts; the others stay as they are. */
export interface KeyPlan {
  readonly changes: readonly KeyChange[];
  /** The key that the plan is about, as it becomes; undefined where a rotation found none that signed. */
  readonly stopped: SigningKey | undefined;
  /** The key that signs from now on, where that changes. */
  readonly started: SigningKey | undefined;
}

export type PlanContext = Omit<TransitionOptions, 'policy'>;

/**
 * The standby signs from now on, and the key that did no more. Where none can sign, nobody waits for caches.
 * `no_standby`; `transition_forbidden` where the standby has not been published for long enough.
 */
export function planRotation(of: ScopeKeys, cause: Initiator, given: PlanContext): KeyPlan {
  const circumstances = { ...given, policy: of.scope.policy };
  const active = activeOf(of);
  const standby = successorOf(of, given.now);
  if (!standby) {
    const why = isStandbyAway(of, given.now)
      ? 'the HSM token of its standby is away'
      : 'one is made as soon as the HSM makes keys';
    throw new KeywardError('no_standby', `scope ${of.scope.id} has no standby that could sign; ${why}`, {
      retryAfterSeconds: 5,
    });
  }
  const started = move(standby, 'activate', cause, {
    ...circumstances,
    emergency: !active || isOfTheFuture(active, given.now) || of.proofOf(active) === 'missing',
    knownFrom: knownFrom(of, standby),
  });
  const stopped = active && move(active, 'deactivate', cause, { ...circumstances, succeeded: true });
  return plan(active, stopped, standby, started);
}

/** When a rotation would be allowed, as far as the standby goes; null without one. */
export function standbyReadyAt(of: ScopeKeys, now: number): number | null {
  const standby = successorOf(of, now);
  return standby ? knownFrom(of, standby) : null;
}

/** Whether there is a standby, and nobody would gain from it while its token is away. */
export function isStandbyAway(of: ScopeKeys, now: number): boolean {
  return successorOf(of, now) === undefined && standbyOf(of, now) !== undefined;
}

/** A key that can sign is not followed by one that cannot. */
function successorOf(of: ScopeKeys, now: number): SigningKey | undefined {
  const [active, standby] = [activeOf(of), standbyOf(of, now)];
  const loses =
    active && standby && of.awaySeconds(standby.hsmToken) > 0 && of.awaySeconds(active.hsmToken) === 0;
  return loses ? undefined : standby;
}

function knownFrom(of: ScopeKeys, standby: SigningKey): number {
  return isKnownWith(standby, activeOf(of)) ? standby.publishedAt : propagatedAt(standby, of.scope);
}

/** Out of use for an investigation; where the key signed, the standby goes on at once, if there is one. */
export function planSuspension(of: ScopeKeys, kid: string, cause: Initiator, given: PlanContext): KeyPlan {
  return planEmergency(of, kid, 'suspend', cause, given);
}

/** Nothing of the key is accepted any more; where it signed, the standby goes on at once, if there is one. */
export function planCompromise(
  of: ScopeKeys,
  kid: string,
  cause: Initiator,
  given: PlanContext & Pick<TransitionOverrides, 'keepForForensics'>,
): KeyPlan {
  return planEmergency(of, kid, 'compromise', cause, given);
}

function planEmergency(
  of: ScopeKeys,
  kid: string,
  name: TransitionName,
  cause: Initiator,
  given: PlanContext & TransitionOverrides,
): KeyPlan {
  const circumstances = { ...given, policy: of.scope.policy };
  const key = keyOf(of, kid);
  const stopped = move(key, name, cause, circumstances);
  const standby = key.state === 'active' ? standbyOf(of, given.now) : undefined;
  const started = standby && move(standby, 'activate', 'keyward', { ...circumstances, emergency: true });
  return plan(key, stopped, standby, started);
}

/** The end of an investigation that found nothing: what the key signed is good, and it signs no more. */
export function planResumption(of: ScopeKeys, kid: string, cause: Initiator, given: PlanContext): KeyPlan {
  return planSingle(of, kid, 'resume', cause, given);
}

export function planDestruction(of: ScopeKeys, kid: string, cause: Initiator, given: PlanContext): KeyPlan {
  return planSingle(of, kid, 'destroy', cause, given);
}

export function planWithdrawal(of: ScopeKeys, kid: string, cause: Initiator, given: PlanContext): KeyPlan {
  return planSingle(of, kid, 'withdraw', cause, given);
}

/** A standby, or a key without a successor, whose window ended. */
export function planExpiry(of: ScopeKeys, kid: string, cause: Initiator, given: PlanContext): KeyPlan {
  return planSingle(of, kid, 'deactivate', cause, given);
}

/** A key that a rotation has deactivated signs again, and the one that followed it no more. */
export function planUndoneRotation(
  of: ScopeKeys,
  kid: string,
  cause: Initiator,
  given: PlanContext,
): KeyPlan {
  const circumstances = { ...given, policy: of.scope.policy };
  const former = keyOf(of, kid);
  const started = move(former, 'reactivate', cause, circumstances);
  const active = activeOf(of);
  const stopped = active && move(active, 'deactivate', cause, { ...circumstances, succeeded: true });
  return plan(active, stopped, former, started);
}

/** The private half goes now, though the grace or an investigation is not over; the public half stays. */
export function planPrivateKeyDue(of: ScopeKeys, kid: string, given: PlanContext): KeyPlan {
  return planFact(keyOf(of, kid), (key) => withPrivateKeyDue(key, given.now));
}

/** What the HSM did becomes a fact. */
export function planPrivateKeyDestroyed(of: ScopeKeys, kid: string, given: PlanContext): KeyPlan {
  return planFact(keyOf(of, kid), (key) =>
    key.times.privateKeyDestroyed === null ? privateKeyDestroyed(key, given.now) : key,
  );
}

function planFact(before: SigningKey, change: (key: SigningKey) => SigningKey): KeyPlan {
  const after = change(before);
  return { changes: after === before ? [] : [{ before, after }], stopped: after, started: undefined };
}

function planSingle(
  of: ScopeKeys,
  kid: string,
  name: TransitionName,
  cause: Initiator,
  given: PlanContext,
): KeyPlan {
  const key = keyOf(of, kid);
  return plan(key, move(key, name, cause, { ...given, policy: of.scope.policy }), undefined, undefined);
}

function plan(
  signing: SigningKey | undefined,
  stopped: SigningKey | undefined,
  waiting: SigningKey | undefined,
  started: SigningKey | undefined,
): KeyPlan {
  const changes = [
    ...(signing && stopped ? [{ before: signing, after: stopped }] : []),
    ...(waiting && started ? [{ before: waiting, after: started }] : []),
  ];
  return { changes, stopped, started };
}

export function activeOf({ keys }: Pick<ScopeKeys, 'keys'>): SigningKey | undefined {
  return keys.find(({ state }) => state === 'active');
}

/**
 * One whose HSM token is there before one whose token is away; one that is proven before one that is not yet; then the
 * one published longest, which is in the most caches.
 */
export function standbyOf(of: ScopeKeys, now: number): SigningKey | undefined {
  const { keys, serves, proofOf, awaySeconds } = of;
  const rank = (key: SigningKey) =>
    (awaySeconds(key.hsmToken) > 0 ? 2 : 0) + (proofOf(key) === 'proven' ? 0 : 1);
  return keys
    .filter((key) => mayMove(key, 'activate') && isOpen(key, now) && serves(key))
    .toSorted((a, b) => rank(a) - rank(b) || a.publishedAt - b.publishedAt)[0];
}

function isOpen(key: SigningKey, now: number): boolean {
  return !isWindowOver(key, now) && !isOfTheFuture(key, now);
}

function keyOf({ scope, keys }: ScopeKeys, kid: string): SigningKey {
  const key = keys.find((candidate) => candidate.kid === kid);
  if (key) return key;
  throw new KeywardError('unknown_key', `scope ${scope.id} has no key ${kid}`);
}
