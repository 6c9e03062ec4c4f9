import { ACCESS_ROUTES } from '../access/index.ts';
import { AUDIT_ROUTES } from '../audit/index.ts';
import { CANARY_ROUTES } from '../canaries/index.ts';
import { CONFIGURATION_ROUTES } from '../configuration/index.ts';
import { DRILL_ROUTES } from '../drills/index.ts';
import { EVENT_ROUTES } from '../events/index.ts';
import { HEALTH_ROUTES } from '../health/index.ts';
import { HSM_ROUTES } from '../hsm/index.ts';
import { INVENTORY_ROUTES } from '../inventory/index.ts';
import { ISSUANCE_ROUTES } from '../issuance/index.ts';
import { KEY_ROUTES } from '../keys/index.ts';
import { LEAK_ROUTES } from '../leaks/index.ts';
import { LEDGER_ROUTES } from '../ledger/index.ts';
import { NOTIFICATION_ROUTES } from '../notifications/index.ts';
import { PROBE_ROUTES } from '../probes/index.ts';
import { PUBLICATION_ROUTES } from '../publication/index.ts';
import { REPORT_ROUTES } from '../reports/index.ts';
import { RESTORE_ROUTES } from '../restore/index.ts';
import { REVIEW_ROUTES } from '../reviews/index.ts';
import { REVOCATION_ROUTES } from '../revocation/index.ts';
import type { Described } from '../server/openapi.ts';
import { dataPlaneRoutes, operationsPlaneRoutes } from '../server/planes.ts';
import { VERIFICATION_ROUTES } from '../verification/index.ts';

/** Of the capabilities whose ports tests stand in for. */
export const CORE_ROUTES = {
  data: [
    ...ISSUANCE_ROUTES.data,
    ...VERIFICATION_ROUTES.data,
    ...LEDGER_ROUTES.data,
    ...PUBLICATION_ROUTES.data,
    ...REVOCATION_ROUTES.data,
    ...LEAK_ROUTES.data,
    ...AUDIT_ROUTES.data,
    ...HEALTH_ROUTES.data,
  ],
  operations: [
    ...KEY_ROUTES.operations,
    ...INVENTORY_ROUTES.operations,
    ...ACCESS_ROUTES.operations,
    ...HSM_ROUTES.operations,
    ...RESTORE_ROUTES.operations,
    ...LEDGER_ROUTES.operations,
    ...REVOCATION_ROUTES.operations,
    ...PUBLICATION_ROUTES.operations,
    ...PROBE_ROUTES.operations,
    ...EVENT_ROUTES.operations,
    ...CANARY_ROUTES.operations,
    ...NOTIFICATION_ROUTES.operations,
    ...LEAK_ROUTES.operations,
    ...AUDIT_ROUTES.operations,
    ...HEALTH_ROUTES.operations,
  ],
};

const DATA: readonly Described[] = [...CORE_ROUTES.data, ...REPORT_ROUTES.data];
const OPERATIONS: readonly Described[] = [
  ...CORE_ROUTES.operations,
  ...CONFIGURATION_ROUTES.operations,
  ...DRILL_ROUTES.operations,
  ...REVIEW_ROUTES.operations,
  ...REPORT_ROUTES.operations,
];

/** Every route of each plane: what the description of the API is made from, and what tests try one by one. */
export const API_ROUTES = {
  data: dataPlaneRoutes(DATA),
  operations: operationsPlaneRoutes(OPERATIONS),
} as const;
