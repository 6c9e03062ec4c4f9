import type { Clients } from './clients.ts';
import type { Engine } from './options.ts';
import type { Stage } from './stage.ts';

export interface Fault {
  /** As `--faults` names it. */
  readonly name: string;
  readonly what: string;
  readonly engines: readonly Engine[];
  /** Breaks something and mends it. */
  play(stage: Stage, clients: Clients): Promise<void>;
  /** Records of acknowledged tokens may be gone, whatever the service does. It may stop issuing; the stage is of no further use. */
  readonly loses?: boolean;
  /** Needs a small file system for each server. */
  readonly needsDisks?: boolean;
  /** Needs two fronts or more. */
  readonly needsFronts?: boolean;
  /** Says by itself which fronts it impairs, and how; any other disturbs all of them. */
  readonly isAimed?: boolean;
}
