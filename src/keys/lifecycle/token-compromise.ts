import type { SigningKey } from '../../kernel/key.ts';
import {
  type Initiator,
  mayMove,
  move,
  type TransitionOptions,
  type TransitionOverrides,
} from '../../kernel/key-transitions.ts';
import { privateKeyDestroyed } from '../../kernel/key-window.ts';
import type { FailoverPlan } from './failover.ts';
import { type PlanContext, type ScopeKeys, standbyOf } from './plans.ts';

/** What becomes of the keys of all scopes when somebody else has an HSM token's PIN. */
export interface TokenPlan extends FailoverPlan {
  readonly compromised: readonly SigningKey[];
}

/** Nothing of any key on the token is accepted any more, and no key is made there again. */
export function planTokenCompromise(
  scopes: readonly ScopeKeys[],
  hsmToken: string,
  cause: Initiator,
  given: PlanContext & Pick<TransitionOverrides, 'keepForForensics'>,
): TokenPlan {
  const plans = scopes.map((of) => planScope(of, hsmToken, cause, given));
  return {
    changes: plans.flatMap(({ stopping, starting }) => [...stopping, ...starting]),
    compromised: plans.flatMap(({ stopping }) =>
      stopping.filter(({ before, after }) => before.state !== after.state).map(({ after }) => after),
    ),
    started: plans.flatMap(({ starting }) => starting.map(({ after }) => after)),
    waiting: plans.flatMap(({ scopeId, waits }) => (waits ? [scopeId] : [])),
  };
}

function planScope(
  of: ScopeKeys,
  hsmToken: string,
  cause: Initiator,
  given: PlanContext & Pick<TransitionOverrides, 'keepForForensics'>,
) {
  const circumstances = { ...given, policy: of.scope.policy };
  const stopping = of.keys
    .filter((key) => key.hsmToken === hsmToken && isToBeMarked(key))
    .map((before) => {
      const after = mayMove(before, 'compromise') ? move(before, 'compromise', cause, circumstances) : before;
      return { before, after: { ...after, times: { ...after.times, tokenCompromised: given.now } } };
    });
  const lostItsKey = stopping.some(({ before }) => before.state === 'active');
  const elsewhere = { ...of, keys: of.keys.filter((key) => key.hsmToken !== hsmToken) };
  const standby = lostItsKey ? standbyOf(elsewhere, given.now) : undefined;
  const starting = standby
    ? [
        {
          before: standby,
          after: move(standby, 'activate', 'keyward', { ...circumstances, emergency: true }),
        },
      ]
    : [];
  return { scopeId: of.scope.id, stopping, starting, waits: lostItsKey && !standby };
}

/** Whether the compromise of its token, once declared, still has to be written down beside the key. */
export function isToBeMarked({ state, times }: Pick<SigningKey, 'state' | 'times'>): boolean {
  return state !== 'destroyed' && times.tokenCompromised === null;
}

/**
 * A key after its HSM token was lost: its private key is gone, so it signs no more and no token of it can be dated
 * later. What it signed before stays good, unless the token was stolen.
 */
export function lostWithToken(
  key: SigningKey,
  circumstances: TransitionOptions,
  stolen: boolean,
): SigningKey {
  if (key.state === 'destroyed') return key;
  const after = stolen ? compromised(key, circumstances) : outOfUse(key, circumstances);
  return after.times.privateKeyDestroyed === null ? privateKeyDestroyed(after, circumstances.now) : after;
}

/** A standby has signed nothing. */
function outOfUse(key: SigningKey, circumstances: TransitionOptions): SigningKey {
  if (key.state === 'active')
    return move(key, 'deactivate', 'two_persons', { ...circumstances, succeeded: true });
  if (key.state === 'pre_activation') return move(key, 'destroy', 'two_persons', circumstances);
  return key;
}

function compromised(key: SigningKey, circumstances: TransitionOptions): SigningKey {
  const after = mayMove(key, 'compromise') ? move(key, 'compromise', 'two_persons', circumstances) : key;
  return { ...after, times: { ...after.times, tokenCompromised: circumstances.now } };
}
