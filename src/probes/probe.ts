import type { Actor } from '../kernel/actor.ts';

/** The tokens that a verifier is sent, in their order, and what each must be answered with. */
export const PROBES = {
  fresh: { must: 'accept', what: 'a fresh token' },
  altered_signature: { must: 'refuse', what: 'the fresh token with one bit of its signature changed' },
  without_kid: { must: 'refuse', what: 'the fresh token without `kid`' },
  other_scope: { must: 'refuse', what: 'a fresh token of a drill scope' },
  expired: { must: 'refuse', what: 'the first token, once it has expired' },
} as const satisfies Record<string, { must: 'accept' | 'refuse'; what: string }>;

export type Probe = keyof typeof PROBES;
export const PROBE_NAMES = Object.keys(PROBES) as readonly Probe[];

/** Where a relying service lets itself be probed: signed, since it decides where tokens are sent. */
export interface VerifierProbe {
  readonly clientId: string;
  readonly scopeId: string;
  readonly url: string;
  /** Seconds since the epoch. */
  readonly setAt: number;
}

/** `right`: as it must be. `wrong`: the opposite. `unclear`: neither, or no answer at all. */
export type ProbeVerdict = 'right' | 'wrong' | 'unclear';

export interface ProbeAnswer {
  readonly probe: Probe;
  readonly verdict: ProbeVerdict;
  /** Of the HTTP answer; null where there was none. */
  readonly status: number | null;
  /** In a sentence; null for one that is right. */
  readonly why: string | null;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** A token that rounds leave out, and what is missing for it, in a sentence. */
export interface UnsentProbe {
  readonly probe: Probe;
  readonly why: string;
}

/** What is known of one that is probed. */
export interface ProbeStatus extends VerifierProbe {
  /** The last of each that was sent since the process started, in the order of `PROBES`. */
  readonly answers: readonly ProbeAnswer[];
  /** What the next round would leave out: how the verifier answers that, nobody knows. */
  readonly notSent: readonly UnsentProbe[];
  /** When the token that is out will be sent as an expired one; null where none is. */
  readonly expiredDueAt: number | null;
  /** When it is probed next; null while its client may not verify for the scope, or another process leads. */
  readonly nextAt: number | null;
}

/** Probe URLs, durable. Every change commits with its audit event (I10). */
export interface VerifierProbeStore {
  all(): readonly VerifierProbe[];
  /** In place of one that there is. `store_unavailable`, `registry_refused`, and whatever signing fails with. */
  set(probe: VerifierProbe, actor: Actor): Promise<void>;
  /** Without one, nothing changes. */
  remove(place: ProbePlace, actor: Actor): Promise<void>;
}

export type ProbePlace = Pick<VerifierProbe, 'clientId' | 'scopeId'>;

/** What the operations plane does with probes. */
export interface ProbeAdministration {
  list(): readonly ProbeStatus[];
  /** `invalid_probe` for a URL that nothing is sent to, `too_many_probes`. */
  requireSound(probe: Omit<VerifierProbe, 'setAt'>): void;
  /** As `requireSound`. */
  set(probe: Omit<VerifierProbe, 'setAt'>, actor: Actor): Promise<ProbeStatus>;
  remove(place: ProbePlace, actor: Actor): Promise<void>;
  /**
   * Probes now, and answers when all but the expired token was sent. `unknown_probe`, and `invalid_probe` where the
   * client may not verify for the scope.
   */
  run(place: ProbePlace): Promise<ProbeStatus>;
}

export function isPlace(a: ProbePlace, b: ProbePlace): boolean {
  return a.clientId === b.clientId && a.scopeId === b.scopeId;
}
