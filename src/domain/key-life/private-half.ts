import type { KeyState, SigningKey } from '../../kernel/key.ts';

type Dated = Pick<SigningKey, 'state' | 'signUntil' | 'times' | 'keptForForensics'>;

/**
 * From when on the private half must go from the HSM; null where it stays or has gone. A deactivated key's goes
 * after the grace, or at the end of its window, when its rotation can be undone no more (NIST SP 800-57 part 1
 * §5.3.4: at the end of its use).
 */
export function privateHalfDueAt(key: Dated, graceSeconds: number): number | null {
  return key.times.privateHalfDestroyed === null ? DUE[key.state](key, graceSeconds) : null;
}

const never = () => null;

const DUE: Readonly<Record<KeyState, (key: Dated, graceSeconds: number) => number | null>> = {
  pre_activation: never,
  active: never,
  suspended: never,
  deactivated: ({ times, signUntil }, graceSeconds) =>
    Math.min((times.deactivated ?? signUntil) + graceSeconds, signUntil),
  compromised: ({ times, keptForForensics }) => (keptForForensics ? null : (times.compromised ?? 0)),
  destroyed: ({ times }) => times.destroyed ?? 0,
};

/** What the HSM did becomes a fact: no token of the key can be dated later, so its window ends here. */
export function privateHalfDestroyed(key: SigningKey, now: number): SigningKey {
  return {
    ...key,
    signUntil: Math.min(key.signUntil, now),
    times: { ...key.times, privateHalfDestroyed: now },
    keptForForensics: false,
  };
}

/** States whose private half one person may destroy: the key serves no more (I11). */
export function isSpent({ state }: Pick<SigningKey, 'state'>): boolean {
  return state === 'deactivated' || state === 'compromised';
}

/** The same key with its private half due now; as it is where that would take another state first. */
export function withPrivateHalfDue(key: SigningKey, now: number): SigningKey {
  if (key.state === 'compromised' && key.keptForForensics) return { ...key, keptForForensics: false };
  if (key.state === 'deactivated' && key.signUntil > now) return { ...key, signUntil: now };
  return key;
}
