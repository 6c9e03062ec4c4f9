import { adminClockRoutes, confirmClock } from '../clock/routes.ts';
import { supplied } from '../server/route.ts';
import { type AuditServiceDeps, openAuditService } from './audit-service.ts';
import { adminAuditRoutes, latestCheckpoint } from './routes.ts';
import { adminUnwitnessedRoutes, confirmUnwitnessed } from './routes-unwitnessed.ts';
import { raiseUnwitnessed } from './start-trail.ts';

export { NewestOfType, type TypedTrail } from './newest-of-type.ts';
export { openChains } from './open-chains.ts';
export { openSinks, type SinkReach, sinksReach } from './open-sinks.ts';
export { insertCheckpoint, readHeads } from './store/audit-log.ts';
export { openTrail } from './store/trail.ts';
export type { Trail } from './trail.ts';

export const AUDIT_ROUTES = {
  data: [latestCheckpoint],
  operations: [...adminClockRoutes, ...adminAuditRoutes, ...adminUnwitnessedRoutes],
} as const;

const FOLLOW_MS = 1_000;

/** All that keeps the audit trail, of a database that was held against the sinks; and what of it nothing vouches for. */
export async function openAudit(deps: AuditServiceDeps) {
  const { audit, unwitnessed } = deps;
  const service = await openAuditService(deps);
  raiseUnwitnessed(unwitnessed, deps.raiser);
  const { checkpoints } = service;
  return {
    ...service,
    routes: {
      data: supplied(AUDIT_ROUTES.data, { checkpoints }),
      operations: supplied(AUDIT_ROUTES.operations, { audit, unwitnessed }),
    },
    tasks: [{ name: 'unwitnessed events', everyMs: FOLLOW_MS, tick: () => unwitnessed.follow() }],
    acts: [confirmUnwitnessed({ unwitnessed }), confirmClock(service)],
  };
}
