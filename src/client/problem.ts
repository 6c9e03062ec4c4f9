/** What goes wrong beside the verification of a token; none of it makes a bad token good. */
export type ProblemCode =
  /** The key set could not be fetched; the last good one serves for as long as it may. */
  | 'key_set_unreachable'
  /** What was fetched is no key set of the scope; the last good one serves for as long as it may. */
  | 'key_set_refused'
  /** The event stream ended or could not be had; it is tried again. */
  | 'events_lost'
  | 'acknowledgement_failed'
  /** Sightings wait for the service to be back. */
  | 'sightings_failed'
  /** More sightings wait than are kept: the oldest are given up. */
  | 'sightings_dropped'
  /** A function of yours threw. */
  | 'callback_failed';

/** Something that operators should see. */
export interface VerifierProblem {
  /** Stays the same from version to version. */
  readonly code: ProblemCode;
  /** For people; says nothing secret. */
  readonly message: string;
  /** The error behind it, where there is one. */
  readonly cause?: unknown;
}

export type TellProblem = (problem: VerifierProblem) => void;

/** Reports to the caller's function, whose own errors must harm nobody. */
export function problemTeller(onProblem: ((problem: VerifierProblem) => void) | undefined): TellProblem {
  return (problem) => {
    try {
      onProblem?.(problem);
    } catch {
      // There is nobody left to tell.
    }
  };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
