import { DRILL_ROUTES } from '../drills/index.ts';
import { REPORT_ROUTES } from '../reports/index.ts';
import { REVIEW_ROUTES } from '../reviews/index.ts';
import type { Described } from '../server/openapi.ts';
import { dataPlaneRoutes } from './data-plane.ts';
import { operationsPlaneRoutes } from './operations-plane.ts';

const OPERATIONS: readonly Described[] = [
  ...DRILL_ROUTES.operations,
  ...REVIEW_ROUTES.operations,
  ...REPORT_ROUTES.operations,
];

/** Every route of each plane: what the description of the API is made from, and what tests try one by one. */
export const API_ROUTES = {
  data: dataPlaneRoutes(REPORT_ROUTES.data),
  operations: operationsPlaneRoutes(OPERATIONS),
} as const;
