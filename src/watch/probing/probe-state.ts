import {
  PROBE_NAMES,
  type Probe,
  type ProbeAnswer,
  type ProbeStanding,
  type VerifierProbe,
} from '../../kernel/verifier-probe.ts';

/** Rounds in which one of the tokens was not answered, in a row. */
export interface Unanswered {
  readonly since: number;
  readonly count: number;
}

/** What is remembered of one verifier; with the process it is gone, and learned again within a round. */
export class ProbeState {
  nextAt: number;
  /** The token that is to be sent as an expired one. */
  expiring: { readonly token: string; readonly dueAt: number } | null = null;
  /** The round or step under way. */
  busy: Promise<void> | undefined;
  readonly #answers = new Map<Probe, ProbeAnswer>();
  readonly #unanswered = new Map<Probe, Unanswered>();

  constructor(nextAt: number) {
    this.nextAt = nextAt;
  }

  /** Answers in how many rounds in a row it went unanswered; undefined where it did not. */
  note(answer: ProbeAnswer): Unanswered | undefined {
    const { probe, verdict, at } = answer;
    this.#answers.set(probe, answer);
    if (verdict !== 'unclear') {
      this.#unanswered.delete(probe);
      return undefined;
    }
    const before = this.#unanswered.get(probe);
    const now = { since: before?.since ?? at, count: (before?.count ?? 0) + 1 };
    this.#unanswered.set(probe, now);
    return now;
  }

  standing(probe: VerifierProbe, mayVerify: boolean): Omit<ProbeStanding, 'notSent'> {
    return {
      ...probe,
      answers: PROBE_NAMES.flatMap((name) => this.#answers.get(name) ?? []),
      expiredDueAt: this.expiring?.dueAt ?? null,
      nextAt: mayVerify ? this.nextAt : null,
    };
  }
}
