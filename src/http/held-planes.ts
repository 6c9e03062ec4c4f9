import type { Express } from 'express';
import { KeywardError } from '../domain/errors.ts';
import type { Readiness } from '../domain/readiness.ts';
import type { GateDeps } from './ask-gate.ts';
import { createPlaneApp, type PlaneSettings } from './plane-app.ts';
import type { Handler } from './route.ts';
import { adminDatabaseRoutes } from './routes/admin-database.ts';
import { adminProposalRoutes } from './routes/admin-proposals.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoute } from './routes/metrics.ts';

interface Ready {
  readonly readiness: Readiness;
}

const WHY =
  'the database is an older copy; nothing is issued or verified until two operators accept what is lost';
const unready: Readiness = {
  check: async () => ({ ready: false, checks: [{ name: 'database', ok: false, detail: WHY }] }),
};

const refuse: Handler = async (request, response) => {
  await response.locals.plane.limits.anonymous(request.ip);
  throw new KeywardError('database_restored', WHY);
};

/** The data plane of a service whose database waits for the decision of two persons. */
export function createHeldDataPlane(settings: PlaneSettings): Express {
  return createPlaneApp<PlaneSettings & Ready>(
    'data',
    healthRoutes,
    { ...settings, readiness: unready },
    refuse,
  );
}

/** Its operations plane: what the decision takes, and the metrics of the process. */
export function createHeldOperationsPlane(deps: PlaneSettings & GateDeps): Express {
  const routes = [...adminDatabaseRoutes, ...adminProposalRoutes, ...healthRoutes, metricsRoute];
  return createPlaneApp<PlaneSettings & GateDeps & Ready>(
    'operations',
    routes,
    { ...deps, readiness: unready },
    refuse,
  );
}
