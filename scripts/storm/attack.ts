import type { Stage, StagedEvent } from './stage.ts';

/** What came of one attack. */
export interface Outcome {
  /** What the attacker asked for, and was answered. */
  readonly refused: string;
  /** Whether it got nothing that it wanted. */
  readonly failed: boolean;
  /** What it will be known by among the events. */
  readonly leaves: (event: StagedEvent) => boolean;
  /** When the attacker began, by `performance.now()`. */
  readonly since: number;
}

export interface Attack {
  readonly name: string;
  play(stage: Stage): Promise<Outcome>;
}
