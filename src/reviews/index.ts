import { hash } from 'node:crypto';
import type { Config } from '../config.ts';
import type { Store } from '../db/open-store.ts';
import type { Clock } from '../domain/clock.ts';
import { canonicalJson } from '../lib/json.ts';
import type { Review, ReviewDesk } from './review.ts';
import { reviewRepresentation } from './routes/wire.ts';
import { openReviewDesk } from './service.ts';

export interface ReviewRootParts {
  readonly config: Pick<Config, 'reviews'>;
  readonly store: Pick<Store, 'audit' | 'ledger' | 'securityEvents'>;
  readonly clock: Clock;
}

/** Log review as a duty: what to look at, and who has. */
export function openReviews({ config, store, clock }: ReviewRootParts): Promise<ReviewDesk> {
  return openReviewDesk({
    audit: store.audit,
    events: store.securityEvents,
    issued: store.ledger.issuedHours,
    clock,
    overdueSeconds: config.reviews.every_days * 86_400,
    digestOf,
  });
}

/** Over what is served, so that whoever kept it can hold it against the audit trail. */
function digestOf(review: Review): string {
  return hash('sha256', canonicalJson(reviewRepresentation(review)), 'base64url');
}
