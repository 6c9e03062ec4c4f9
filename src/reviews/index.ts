import { hash } from 'node:crypto';
import type { Store } from '../db/open-store.ts';
import type { StoredSecurityEvents } from '../events/index.ts';
import type { AuditLog } from '../kernel/audit.ts';
import type { Capability } from '../kernel/capability.ts';
import type { Clock } from '../kernel/clock.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import { canonicalJson } from '../lib/json.ts';
import { supplied } from '../server/route.ts';
import type { Review } from './review.ts';
import { adminReviewRoutes } from './routes/admin.ts';
import { reviewRepresentation } from './routes/wire.ts';
import { createReviewWatch, openReviewService } from './service.ts';
import type { ReviewsConfig } from './settings.ts';

export const REVIEW_ROUTES = { operations: adminReviewRoutes } as const;

const LOOK_MS = 60_000;

interface ReviewDeps {
  readonly config: ReviewsConfig;
  readonly store: Pick<Store, 'ledger'>;
  readonly audit: AuditLog;
  readonly eventStore: Pick<StoredSecurityEvents, 'list' | 'countUnresolved'>;
  readonly raiser: EventRaiser;
  readonly clock: Clock;
}

/** Log review as a duty: what a person should look at, who signed it off, and when the next is overdue. */
export async function openReviews({ config, store, audit, eventStore, raiser, clock }: ReviewDeps) {
  const reviews = await openReviewService({
    audit,
    events: eventStore,
    issued: store.ledger.issuedHours,
    clock,
    overdueSeconds: config.every_days * 86_400,
    digestOf,
  });
  return {
    routes: { operations: supplied(REVIEW_ROUTES.operations, { reviews }) },
    gauges: { reviewOverdue: () => (clock.nowSeconds() > reviews.standing().overdueAt ? 1 : 0) },
    tasks: [
      { name: 'reviews', everyMs: LOOK_MS, tick: () => reviews.refresh() },
      {
        name: 'overdue reviews',
        everyMs: LOOK_MS,
        byLeader: true,
        tick: createReviewWatch({ reviews, events: raiser, clock }),
      },
    ],
  } satisfies Capability;
}

/** Over what is served, so that whoever kept it can compare it with the audit trail. */
function digestOf(review: Review): string {
  return hash('sha256', canonicalJson(reviewRepresentation(review)), 'base64url');
}
