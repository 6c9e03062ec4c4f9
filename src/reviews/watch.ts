import type { Clock } from '../kernel/clock.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import type { Reviews } from './review.ts';

interface ReviewWatchDeps {
  readonly reviews: Pick<Reviews, 'refresh' | 'standing'>;
  readonly events: EventRaiser;
  readonly clock: Clock;
}

/** Warns where nobody has looked for too long, once until somebody does. Answers how to look. */
export function createReviewWatch({ reviews, events, clock }: ReviewWatchDeps): () => Promise<void> {
  return async () => {
    await reviews.refresh();
    const { coveredUntil: since, overdueAt: overdue_at, lastSignedOffAt } = reviews.standing();
    const evidence = { since, overdue_at, last_signed_off_at: lastSignedOffAt };
    if (clock.nowSeconds() > overdue_at) events.raise(securityEvent('review.overdue', evidence));
  };
}
