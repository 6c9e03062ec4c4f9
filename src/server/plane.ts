import type { Logger } from 'pino';
import type { RequestObserver } from '../domain/request-observer.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { CallerBudget, CallerClass } from './caller-budget.ts';
import type { Limits } from './limits.ts';

export const PLANES = ['data', 'operations'] as const;
export type PlaneName = (typeof PLANES)[number];

/** What all routes of one listener share. */
export interface Plane {
  readonly name: PlaneName;
  readonly limits: Limits;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'requests' | 'problems'>;
  readonly callers: RequestObserver;
  /** Names and values in turn, on every answer. */
  readonly headers: readonly string[];
  /** Instead of them, of what pages of any origin may read. */
  readonly anyOriginHeaders: readonly string[];
  /** Instead of them, with a page for people. */
  readonly pageHeaders: readonly string[];
  /** What each class of callers may hold of this plane at once. */
  readonly budgets: Readonly<Record<CallerClass, CallerBudget>>;
}
