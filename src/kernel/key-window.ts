import type { KeyState, SigningKey } from './key.ts';
import { propagationSeconds } from './policy.ts';
import type { Scope } from './scope.ts';

/** From here on every verifier that keeps to the policy, or kept to a former one, knows a key of the published set. */
export function propagatedAt(
  { publishedAt }: Pick<SigningKey, 'publishedAt'>,
  { policy, staleCacheHorizon }: Pick<Scope, 'policy' | 'staleCacheHorizon'>,
): number {
  const at = publishedAt + propagationSeconds(policy);
  return staleCacheHorizon
    ? Math.max(at, Math.min(publishedAt + staleCacheHorizon.seconds, staleCacheHorizon.until))
    : at;
}

/** Whether it was published no later than the key that signs: whoever has that one has it too. */
export function isKnownWith(
  standby: Pick<SigningKey, 'publishedAt'>,
  active: Pick<SigningKey, 'publishedAt'> | undefined,
): boolean {
  return active !== undefined && standby.publishedAt <= active.publishedAt;
}

/** Clocks of two machines, or of one that was corrected, may differ so much. */
const CLOCK_TOLERANCE_SECONDS = 60;

/**
 * Made or activated by a clock that was ahead: until that time comes the key can neither sign nor be published, and
 * another takes its place.
 */
export function isOfTheFuture(
  { signFrom, binding }: Pick<SigningKey, 'signFrom' | 'binding'>,
  now: number,
): boolean {
  return Math.max(signFrom ?? 0, binding.signFrom) > now + CLOCK_TOLERANCE_SECONDS;
}

/** No signature later than this second, both of the registry's window and of the published one. */
export function isWindowOver({ signUntil }: Pick<SigningKey, 'signUntil'>, now: number): boolean {
  return now > signUntil;
}

type Window = Pick<SigningKey, 'signFrom' | 'signUntil' | 'times'>;

/**
 * When the successor of an active key takes over: before the end of the window by the grace, so that the rotation
 * can be undone while the window is open. A window that is short, or that an undone rotation left short, gets half
 * of what was left of it.
 */
export function rotationDueAt({ signFrom, signUntil, times }: Window, graceSeconds: number): number {
  const since = times.activated ?? signFrom ?? signUntil;
  return Math.max(signUntil - graceSeconds, Math.ceil((since + signUntil) / 2));
}

/** Percent of a signing window at which a key that still signs is an alarm. */
const WINDOW_ALARMS = [75, 90, 100] as const;
type WindowAlarm = (typeof WINDOW_ALARMS)[number];

/** From 0 at the start of the window to 1 at its end, and beyond it where the key was not rotated. */
export function windowUsed({ signFrom, signUntil }: Window, now: number): number {
  if (signFrom === null) return 0;
  return signUntil > signFrom ? Math.max(0, (now - signFrom) / (signUntil - signFrom)) : 1;
}

/** The highest that has been reached. */
export function windowAlarm(key: Window, now: number): WindowAlarm | undefined {
  const percent = windowUsed(key, now) * 100;
  return WINDOW_ALARMS.findLast((alarm) => percent >= alarm);
}

type Dated = Pick<SigningKey, 'state' | 'signUntil' | 'times' | 'keptForForensics'>;

/**
 * From when on the private half must go from the HSM; null where it stays or has gone. A deactivated key's goes
 * after the grace, or at the end of its window, when its rotation can be undone no more (NIST SP 800-57 part 1
 * §5.3.4: at the end of its use).
 */
export function privateKeyDueAt(key: Dated, graceSeconds: number): number | null {
  return key.times.privateKeyDestroyed === null ? DUE[key.state](key, graceSeconds) : null;
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
export function privateKeyDestroyed(key: SigningKey, now: number): SigningKey {
  return {
    ...key,
    signUntil: Math.min(key.signUntil, now),
    times: { ...key.times, privateKeyDestroyed: now },
    keptForForensics: false,
  };
}

/** States whose private half one person may destroy: the key serves no more (I11). */
export function isSpent({ state }: Pick<SigningKey, 'state'>): boolean {
  return state === 'deactivated' || state === 'compromised';
}

/** The same key with its private half due now; as it is where that would take another state first. */
export function withPrivateKeyDue(key: SigningKey, now: number): SigningKey {
  if (key.state === 'compromised' && key.keptForForensics) return { ...key, keptForForensics: false };
  if (key.state === 'deactivated' && key.signUntil > now) return { ...key, signUntil: now };
  return key;
}
