import type { Logger } from 'pino';
import type { CallerWatch } from '../domain/caller-watch.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Limits } from './limits.ts';

export const PLANES = ['data', 'operations'] as const;
export type PlaneName = (typeof PLANES)[number];

/** What all routes of one listener share. */
export interface Plane {
  readonly name: PlaneName;
  readonly limits: Limits;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'requests' | 'problems'>;
  readonly callers: CallerWatch;
  /** Names and values in turn, on every answer. */
  readonly headers: readonly string[];
  /** Instead of them, with a page for people. */
  readonly pageHeaders: readonly string[];
  /** Requests begun and not yet answered. */
  inFlight: number;
}
