import { KeywardError } from '../errors.ts';
import type { KeyState, SigningKey } from '../key.ts';
import {
  type Cause,
  type Circumstances,
  type Claims,
  TRANSITIONS,
  type Transition,
  type TransitionName,
} from './transitions.ts';

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
  cause: Cause,
  circumstances: Circumstances & Claims,
): SigningKey {
  const transition: Transition = TRANSITIONS[name];
  const { to, causes, time, needs, effect } = transition;
  if (!mayMove(key, name)) throw forbidden(key, name, `it is ${key.state}: ${ADVICE[key.state]}`);
  if (!causes.includes(cause)) throw forbidden(key, name, whoMay(causes));
  const lacking = needs?.(key, circumstances);
  if (lacking !== undefined) throw forbidden(key, name, lacking);
  const changed = { ...key, ...effect?.(key, circumstances) };
  return { ...changed, state: to, times: { ...changed.times, [time]: circumstances.now } };
}

/** Whether a state allows the transition, whoever asks and whatever else it needs. */
export function mayMove({ state }: Pick<SigningKey, 'state'>, name: TransitionName): boolean {
  const { from }: Transition = TRANSITIONS[name];
  return from.includes(state);
}

function forbidden(key: SigningKey, name: TransitionName, why: string): KeywardError {
  return new KeywardError('transition_forbidden', `key ${key.kid} cannot be ${PARTICIPLES[name]}: ${why}`);
}

function whoMay(causes: readonly Cause[]): string {
  if (causes.includes('two_persons')) {
    return causes.includes('operator') ? 'it takes a person to say so' : 'it takes two persons; propose it';
  }
  return 'the service does it by itself, when its time has come';
}
