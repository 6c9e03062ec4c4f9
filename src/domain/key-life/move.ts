import { KeywardError } from '../../kernel/errors.ts';
import type { KeyState, SigningKey } from '../../kernel/key.ts';
import {
  type Claims,
  type Initiator,
  TRANSITIONS,
  type Transition,
  type TransitionName,
  type TransitionOptions,
} from '../../kernel/key-lifecycle/transitions.ts';

const PARTICIPLES = {
  activate: 'activated',
  deactivate: 'deactivated',
  suspend: 'suspended',
  resume: 'resumed',
  reactivate: 'brought back',
  compromise: 'declared compromised',
  withdraw: 'withdrawn',
  destroy: 'destroyed',
} as const satisfies Record<TransitionName, string>;

const ADVICE = {
  pre_activation: 'it is a standby that has signed nothing; destroy it where it shall never sign',
  active: 'it signs; rotate its scope first, or suspend the key',
  deactivated: 'it signs no more, and goes by itself when its last token has expired',
  suspended: 'resume it, destroy it, or declare it compromised',
  compromised: 'that is final, and nothing of it is accepted any more',
  destroyed: 'that is final',
} as const satisfies Record<KeyState, string>;

/**
 * The key as the transition leaves it. Nothing else changes the state of a key. `transition_forbidden` where state,
 * cause or circumstances do not allow it.
 */
export function move(
  key: SigningKey,
  name: TransitionName,
  cause: Initiator,
  circumstances: TransitionOptions & Claims,
): SigningKey {
  const why = obstacle(key, name, cause, circumstances);
  if (why !== undefined) {
    throw new KeywardError('transition_forbidden', `key ${key.kid} cannot be ${PARTICIPLES[name]}: ${why}`);
  }
  const { to, time, effect }: Transition = TRANSITIONS[name];
  const changed = { ...key, ...effect?.(key, circumstances) };
  return { ...changed, state: to, times: { ...changed.times, [time]: circumstances.now } };
}

/** Why the transition is refused, as advice; undefined where it is not. */
export function obstacle(
  key: SigningKey,
  name: TransitionName,
  cause: Initiator,
  circumstances: TransitionOptions & Claims,
): string | undefined {
  const { causes, needs }: Transition = TRANSITIONS[name];
  if (!mayMove(key, name)) return `it is ${key.state}: ${ADVICE[key.state]}`;
  if (!causes.includes(cause)) return whoMay(causes);
  return needs?.(key, circumstances);
}

/** Whether a state allows the transition, whoever asks and whatever else it needs. */
export function mayMove({ state }: Pick<SigningKey, 'state'>, name: TransitionName): boolean {
  const { from }: Transition = TRANSITIONS[name];
  return from.includes(state);
}

function whoMay(causes: readonly Initiator[]): string {
  if (causes.includes('two_persons')) {
    return causes.includes('operator') ? 'it takes a person to say so' : 'it takes two persons; propose it';
  }
  return 'the service does it by itself, when its time has come';
}
