import { auditDetailsIn } from '../domain/audit-details.ts';
import type { StoredEvent } from '../domain/audit-sink.ts';
import type { SignedOffReview } from './review.ts';

export const SIGNED_OFF = 'review.signed_off';

/** What the audit trail keeps of it. */
export function signOffDetails({ period, digest, note, acts, ownActs }: Omit<SignedOffReview, 'by' | 'at'>) {
  const { from, to, firstEvent: first_event, lastEvent: last_event, more } = period;
  return { from, to, first_event, last_event, more, digest, note, acts, own_acts: ownActs };
}

export function signedOffIn({ time, actor, detailsJson }: StoredEvent): SignedOffReview {
  const { from, to, first_event, last_event, more, digest, note, acts, own_acts } =
    auditDetailsIn(detailsJson);
  return {
    period: {
      from: Number(from),
      to: Number(to),
      firstEvent: Number(first_event),
      lastEvent: Number(last_event),
      more: more === true,
    },
    digest: String(digest),
    note: String(note),
    acts: Number(acts),
    ownActs: Number(own_acts),
    by: actor,
    at: time,
  };
}
