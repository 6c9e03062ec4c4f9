import { type ErrorCode, KeywardError } from '../kernel/errors.ts';

/** One thing that is wrong with what somebody asked for. */
export interface ValidationIssue {
  /** Where it stands, in the API's names: `['policy', 'max_ttl_seconds']`. */
  readonly path: readonly (string | number)[];
  /** What to write instead. */
  readonly advice: string;
}

/** Throws an error of that code naming the first flaw; returns where there is none. */
export function refuseFlawed(code: ErrorCode, [flaw]: readonly ValidationIssue[]): void {
  if (flaw) throw new KeywardError(code, `${flaw.path.join('.')}: ${flaw.advice}`);
}
