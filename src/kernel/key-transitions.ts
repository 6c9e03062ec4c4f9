import { humanInstant } from '../lib/instant.ts';
import { KeywardError } from './errors.ts';
import { type KeyState, type KeyTimes, type SigningKey, verifyUntil } from './key.ts';
import { isWindowOver, propagatedAt } from './key-window.ts';
import type { ScopePolicy } from './policy.ts';

/** Who brings a transition about: the service by itself (its scheduler, an alarm), one operator, or two (I11). */
export const CAUSES = ['keyward', 'operator', 'two_persons'] as const;
export type Initiator = (typeof CAUSES)[number];

/** All that a transition depends on beside the key. */
export interface TransitionOptions {
  /** Seconds since the epoch. */
  readonly now: number;
  readonly policy: ScopePolicy;
  /** How long the private half of a deactivated key stays, so that a rotation can be undone. */
  readonly graceSeconds: number;
  /** Keys made until then are followed by the next as soon as that may be: a database was put back at that time. */
  readonly renewedSince?: number | undefined;
}

/** What a single step may claim beyond that; only the plans of a scope do. */
export interface TransitionOverrides {
  /** The key before it may sign no more, so that nobody can wait for caches. */
  readonly emergency?: boolean;
  /** From when on no verifier can be without the key, as its scope has it; else as the policy alone has it. */
  readonly knownFrom?: number;
  /** Another key goes on in its place, within the same commit. */
  readonly succeeded?: boolean;
  readonly keepForForensics?: boolean;
}

type TransitionContext = TransitionOptions & TransitionOverrides;

interface Transition {
  readonly from: readonly KeyState[];
  readonly to: KeyState;
  readonly causes: readonly Initiator[];
  /** Whether it may be committed before the registry key has signed it, since the HSM may be away. */
  readonly restricts: boolean;
  /** The time that is kept of it. */
  readonly time: keyof KeyTimes;
  /** Why the key cannot go this way now, as advice; undefined where it can. */
  readonly needs?: (key: SigningKey, situation: TransitionContext) => string | undefined;
  /** What else becomes of the key. Published bounds only ever narrow. */
  readonly effect?: (key: SigningKey, situation: TransitionContext) => Partial<SigningKey>;
}

const ONE_IS_ENOUGH: readonly Initiator[] = CAUSES;
const TWO: readonly Initiator[] = ['two_persons'];

/** Every way from one state to another (NIST SP 800-57 part 1 §7); there is none that is not in this table. */
const TRANSITIONS = {
  activate: {
    from: ['pre_activation'],
    to: 'active',
    causes: ONE_IS_ENOUGH,
    restricts: true,
    time: 'activated',
    needs: needsPropagation,
    effect: ({ signUntil }, { now, policy }) => ({
      signFrom: now,
      signUntil: Math.min(signUntil, now + policy.cryptoperiodSeconds),
    }),
  },
  deactivate: {
    from: ['active', 'pre_activation'],
    to: 'deactivated',
    causes: ONE_IS_ENOUGH,
    restricts: true,
    time: 'deactivated',
    needs: needsSuccessor,
  },
  suspend: {
    from: ['pre_activation', 'active', 'deactivated'],
    to: 'suspended',
    causes: ONE_IS_ENOUGH,
    restricts: true,
    time: 'suspended',
  },
  resume: {
    from: ['suspended'],
    to: 'deactivated',
    causes: TWO,
    restricts: false,
    time: 'resumed',
    // It signed nothing since: whatever of it is dated later was never issued.
    effect: ({ signUntil, times }, { now }) => ({
      signUntil: Math.min(signUntil, now),
      times: { ...times, deactivated: now },
    }),
  },
  reactivate: {
    from: ['deactivated'],
    to: 'active',
    causes: TWO,
    restricts: false,
    time: 'activated',
    needs: needsGrace,
  },
  compromise: {
    from: ['pre_activation', 'active', 'deactivated', 'suspended'],
    to: 'compromised',
    causes: ['operator', 'two_persons'],
    restricts: true,
    time: 'compromised',
    effect: (_, { keepForForensics }) => ({ keptForForensics: keepForForensics ?? false }),
  },
  /** The public half goes too, when the last token it could have signed has expired. */
  withdraw: {
    from: ['deactivated'],
    to: 'destroyed',
    causes: ['keyward'],
    restricts: false,
    time: 'destroyed',
    needs: needsToBeSpent,
  },
  destroy: {
    from: ['pre_activation', 'suspended'],
    to: 'destroyed',
    causes: TWO,
    restricts: false,
    time: 'destroyed',
  },
} as const satisfies Record<string, Transition>;

export type TransitionName = keyof typeof TRANSITIONS;
export const TRANSITION_NAMES = Object.keys(TRANSITIONS) as readonly TransitionName[];

/** Whether a key may be in the second state, after the first, before the registry key has signed it. */
export function mayGoUnsigned(from: unknown, to: unknown): boolean {
  const table: readonly Transition[] = Object.values(TRANSITIONS);
  return table.some((way) => way.restricts && way.to === to && way.from.some((state) => state === from));
}

function needsPropagation(key: SigningKey, situation: TransitionContext): string | undefined {
  const { now, policy, emergency } = situation;
  if (isWindowOver(key, now)) return 'its signing window is over; wait for the next standby';
  const from = situation.knownFrom ?? propagatedAt(key, { policy, staleCacheHorizon: null });
  if (emergency || now >= from) return undefined;
  return `some verifiers may not know it yet; it may sign from ${humanInstant(from)} on`;
}

function needsSuccessor(key: SigningKey, { now, succeeded }: TransitionContext): string | undefined {
  if (succeeded && key.state === 'active') return undefined;
  return isWindowOver(key, now) ? undefined : 'its signing window is still open; rotate its scope instead';
}

function needsGrace(key: SigningKey, { now, graceSeconds }: TransitionContext): string | undefined {
  const { deactivated, privateKeyDestroyed } = key.times;
  if (privateKeyDestroyed !== null) return 'its private half is destroyed; rotate its scope instead';
  if (key.signFrom === null || deactivated === null) return 'it never signed; rotate its scope instead';
  if (now < Math.min(deactivated + graceSeconds, key.signUntil)) return undefined;
  return 'the time in which its rotation could be undone is over; rotate its scope instead';
}

function needsToBeSpent(key: SigningKey, { now, policy }: TransitionContext): string | undefined {
  if (key.times.privateKeyDestroyed === null) return 'its private half is still to be destroyed';
  const until = verifyUntil(key, policy.clockSkewSeconds);
  return now > until ? undefined : `tokens of it may be good until ${humanInstant(until)}`;
}

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
  circumstances: TransitionOptions & TransitionOverrides,
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
  circumstances: TransitionOptions & TransitionOverrides,
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
