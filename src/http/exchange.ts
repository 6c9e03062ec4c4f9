import type { Plane } from './plane.ts';

/** One request and its answer, as the log line and the metrics will tell of it. */
export class Exchange {
  readonly plane: Plane;
  readonly requestId: string;
  readonly startedAt: number;
  /** The path as documented; never the path as asked. */
  route = 'none';
  /** Client or operator, once authenticated. */
  caller: string | undefined;
  /** What the answer told as a problem. */
  error: unknown;

  constructor(plane: Plane, requestId: string, startedAt: number) {
    this.plane = plane;
    this.requestId = requestId;
    this.startedAt = startedAt;
  }
}
