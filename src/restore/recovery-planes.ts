import type { RequestListener } from 'node:http';
import { adminProposalRoutes } from '../access/routes/proposals.ts';
import { adminClockRoutes } from '../clock/routes.ts';
import { failedCheck, healthRoutes } from '../health/index.ts';
import type { Readiness, ReadinessCheck } from '../kernel/capability.ts';
import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import { adminServiceKeyRoutes } from '../keys/routes/service-keys.ts';
import type { GateDeps } from '../server/ask-gate.ts';
import { metricsRoute } from '../server/own-routes.ts';
import { createPlaneApp, type PlaneSettings } from '../server/plane-app.ts';
import type { Handler } from '../server/route.ts';
import { adminDatabaseRoutes } from './accept-loss.ts';

interface Ready {
  readonly readiness: Readiness;
}

/** What the decision of two persons is about, and what everything else is answered with until then. */
export interface RecoveryReason {
  readonly code: Extract<ErrorCode, 'database_restored' | 'service_keys_replaced'>;
  readonly check: ReadinessCheck['name'];
  readonly why: string;
}

/** The data plane of a service that waits for the decision of two persons. */
export function createRecoveryDataPlane(
  settings: PlaneSettings & { readonly recovery: RecoveryReason },
): RequestListener {
  const readiness = unready(settings.recovery);
  return createPlaneApp<PlaneSettings & Ready>(
    'data',
    healthRoutes,
    { ...settings, readiness },
    { otherwise: refuse(settings.recovery) },
  );
}

/** Its operations plane: what the decision takes, and the metrics of the process. */
export function createRecoveryOperationsPlane(
  deps: PlaneSettings & GateDeps & { readonly recovery: RecoveryReason },
): RequestListener {
  const decisions = { database_restored: adminDatabaseRoutes, service_keys_replaced: adminServiceKeyRoutes };
  const routes = [
    ...decisions[deps.recovery.code],
    ...adminClockRoutes,
    ...adminProposalRoutes,
    ...healthRoutes,
    metricsRoute,
  ];
  const readiness = unready(deps.recovery);
  return createPlaneApp<PlaneSettings & GateDeps & Ready>(
    'operations',
    routes,
    { ...deps, readiness },
    { otherwise: refuse(deps.recovery) },
  );
}

function unready({ check, code, why }: RecoveryReason): Readiness {
  return { check: async () => ({ ready: false, checks: [failedCheck(check, code, why)] }) };
}

function refuse({ code, why }: RecoveryReason): Handler {
  return async (request, response) => {
    await response.locals.plane.limits.anonymous(request.ip);
    throw new KeywardError(code, why);
  };
}
