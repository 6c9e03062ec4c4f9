import { REPORT_ROUTES } from './reports/index.ts';
import { dataPlaneRoutes } from './server/data-plane.ts';
import { operationsPlaneRoutes } from './server/operations-plane.ts';

/** Every route of each plane: what the description of the API is made from, and what tests try one by one. */
export const API_ROUTES = {
  data: dataPlaneRoutes(REPORT_ROUTES.data),
  operations: operationsPlaneRoutes(REPORT_ROUTES.operations),
} as const;
