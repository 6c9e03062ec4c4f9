import type { KeyState, SigningKey } from '../key.ts';

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

/**
 * The same key with its private half due now. Undefined where that would take another state first: only of a key
 * that serves no more may one person destroy it (I11).
 */
export function withPrivateHalfDue(key: SigningKey, now: number): SigningKey | undefined {
  if (key.state === 'compromised') return { ...key, keptForForensics: false };
  if (key.state === 'deactivated') return { ...key, signUntil: Math.min(key.signUntil, now) };
  return undefined;
}
