import type { ScopePolicy } from '../../src/kernel/policy.ts';
import type { PublishedDocument } from '../../src/kernel/publication.ts';

/** What can be fetched at one moment: the key set as it was since the moment before, and as it is from now on. */
export interface Offer {
  readonly before: PublishedDocument;
  readonly after: PublishedDocument;
}

/** A fetch that came about: what was answered, and when. */
export interface Fetch {
  readonly document: PublishedDocument;
  readonly at: number;
}

/** What a verifier fetches at one moment, with the fetch before; undefined for nothing. */
export type Refreshing = (now: number, offer: Offer, last: Fetch | undefined) => Fetch | undefined;

/** Each as bad as the policy lets a verifier be. `random` from 0 to 1, the same for the same seed. */
export const REFRESH_HABITS = {
  /** Holds the newest set until it changes, and then nothing newer for as long as is allowed at all. */
  cut_off: (policy) => {
    let awayUntil = Number.NEGATIVE_INFINITY;
    return (now, { before, after }) => {
      if (now < awayUntil) return undefined;
      if (before.etag !== after.etag) awayUntil = now + longestUse(policy);
      return { document: before, at: now };
    };
  },
  /** At the end of max-age and no second earlier. */
  punctual: atMaxAge,
  /** The same, but its requests fail at random, up to what is allowed. */
  unlucky: (policy, random) => {
    const fetch = atMaxAge(policy);
    return (now, offer, last) => {
      const mayFail = last !== undefined && now < last.at + longestUse(policy);
      return mayFail && random() < FAILURE_RATE ? undefined : fetch(now, offer, last);
    };
  },
} as const satisfies Record<string, (policy: ScopePolicy, random: () => number) => Refreshing>;

export type RefreshHabit = keyof typeof REFRESH_HABITS;
export const REFRESH_HABIT_NAMES = Object.keys(REFRESH_HABITS) as readonly RefreshHabit[];

const FAILURE_RATE = 0.7;

/** A set that changes at one moment does not change until the next: of the fetches since, the last one counts. */
function atMaxAge({ jwksMaxAgeSeconds }: ScopePolicy): Refreshing {
  return (now, { before, after }, last) => {
    if (!last) return { document: after, at: now };
    const age = now - last.at;
    if (age < jwksMaxAgeSeconds) return undefined;
    const at = now - (age % jwksMaxAgeSeconds);
    return { document: at < now ? before : after, at };
  };
}

function longestUse({ jwksMaxAgeSeconds, maxStaleSeconds }: ScopePolicy): number {
  return jwksMaxAgeSeconds + maxStaleSeconds;
}
