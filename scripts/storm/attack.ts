import type { HeardAt, Stage, StagedEvent } from './stage.ts';

export type Trace = (event: StagedEvent) => boolean;

/** What came of one attack. */
export interface Outcome {
  /** What the attacker asked for, and was answered; what was found, and opens nothing any more. */
  readonly refused: string;
  /** Whether it got nothing that it wanted. */
  readonly failed: boolean;
  /** What it will be known by among the events: of several, all must come. */
  readonly leaves: Trace | readonly Trace[];
  /** The events themselves, where the attack had a service of its own; undefined for one that did not come. */
  readonly heard?: readonly (HeardAt | undefined)[];
  /** When the attacker began, by `performance.now()`. */
  readonly since: number;
}

export interface Attack {
  readonly name: string;
  play(stage: Stage): Promise<Outcome>;
}
