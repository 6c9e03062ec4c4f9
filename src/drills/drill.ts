import type { Actor } from '../kernel/actor.ts';

/** What may be written down: an emergency on a drill scope, and rotations that operators rehearsed by themselves. */
export const DRILLS = ['compromise', 'rotation'] as const;
export type Drill = (typeof DRILLS)[number];

/** What is overdue where nobody repeats it: the drills that the command line holds. */
export const DUE_DRILLS: readonly Drill[] = ['compromise'];

export interface DrillReport {
  readonly drill: Drill;
  /** The drill scope; null where the drill needs none. */
  readonly scope: string | null;
  readonly passed: boolean;
  /** In order, each from the beginning of the drill on. */
  readonly steps: readonly { readonly name: string; readonly tookMs: number }[];
}

export interface PerformedDrill extends DrillReport {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly by: string;
}

export interface DrillStatus {
  readonly drill: Drill;
  /** When it was last passed; null where it never was. */
  readonly lastPassedAt: number | null;
  /** Since when its time runs: the last that was passed, or the beginning of the audit trail. */
  readonly since: number;
  readonly overdueAt: number;
}

/** Rehearsals are events of the audit trail and nothing else. `store_unavailable`. */
export interface DrillLog {
  record(report: DrillReport, actor: Actor): Promise<PerformedDrill>;
  /** Takes over what other fronts recorded. */
  refresh(): Promise<void>;
  /** The newest first. */
  list(): readonly PerformedDrill[];
  standings(): readonly DrillStatus[];
}
