import { NewestOfType, type TypedTrail } from '../audit/index.ts';
import type { Actor } from '../kernel/actor.ts';
import { type AuditLog, actOf, type StoredEvent } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import { Mutex } from '../lib/mutex.ts';
import { dropOldest } from '../lib/recent-set.ts';
import { type CompiledReview, compileReview, type ReviewSources } from './compile.ts';
import type { Review, Reviews, ShownReview, SignedOffReview } from './review.ts';

/** Reviews that were shown and may be signed off, and signed-off ones that are listed. */
const MOST_SHOWN = 32;
const MOST_SIGNED = 100;

export interface ReviewServiceDeps extends Omit<ReviewSources, 'audit' | 'since'> {
  readonly audit: Pick<AuditLog, 'witnessedAfter' | 'record'> & TypedTrail;
  readonly clock: Clock;
  readonly overdueSeconds: number;
  /** Of the review as it is served. */
  readonly digestOf: (review: Review) => string;
}

export async function openReviewService(deps: ReviewServiceDeps): Promise<Reviews> {
  const [first] = await deps.audit.witnessedAfter(0, 1);
  const signed = await NewestOfType.open(deps.audit, {
    type: SIGNED_OFF,
    most: MOST_SIGNED,
    of: signedOffIn,
  });
  return new ReviewService(deps, first?.time ?? deps.clock.nowSeconds(), signed);
}

class ReviewService implements Reviews {
  readonly #deps: ReviewServiceDeps;
  readonly #since: number;
  readonly #signed: NewestOfType<SignedOffReview>;
  /** What each person was shown, by person and digest, the latest last. */
  readonly #shown = new Map<string, { readonly by: string; readonly shown: ShownReview }>();
  #compiling: Promise<CompiledReview> | undefined;
  readonly #signing = new Mutex();

  constructor(deps: ReviewServiceDeps, since: number, signed: NewestOfType<SignedOffReview>) {
    this.#deps = deps;
    this.#since = since;
    this.#signed = signed;
  }

  async current({ operatorId }: Actor): Promise<ShownReview> {
    this.#compiling ??= this.#compile().finally(() => {
      this.#compiling = undefined;
    });
    const { review, actsBy } = await this.#compiling;
    const acts = [...actsBy.values()].reduce((a, b) => a + b, 0);
    const shown = {
      review,
      digest: this.#deps.digestOf(review),
      acts,
      ownActs: actsBy.get(operatorId) ?? 0,
    };
    this.#remember(operatorId, shown);
    return shown;
  }

  signOff(
    { digest, note }: { readonly digest?: string | undefined; readonly note: string },
    actor: Actor,
  ): Promise<SignedOffReview> {
    return this.#signing.runExclusive(async () =>
      this.#sign(this.#shownTo(actor.operatorId, digest), note, actor),
    );
  }

  refresh(): Promise<void> {
    return this.#signed.refresh();
  }

  list(): readonly SignedOffReview[] {
    return this.#signed.list;
  }

  standing() {
    const [last] = this.#signed.list;
    const coveredUntil = last?.period.to ?? this.#since;
    const overdueAt = coveredUntil + this.#deps.overdueSeconds;
    return { coveredUntil, overdueAt, lastSignedOffAt: last?.at ?? null };
  }

  async #compile(): Promise<CompiledReview> {
    await this.#signed.refresh();
    const { audit, events, issued, clock } = this.#deps;
    const covered = { until: this.standing().coveredUntil, event: this.#coveredEvent() };
    return await compileReview({ audit, events, issued, since: this.#since }, covered, clock.nowSeconds());
  }

  async #sign({ review, digest, acts, ownActs }: ShownReview, note: string, actor: Actor) {
    const { period } = review;
    await this.#signed.refresh();
    if (period.firstEvent !== this.#coveredEvent() + 1) throw signedOffAlready();
    const signing = { period, digest, note, acts, ownActs };
    await this.#deps.audit.record(actOf(actor, SIGNED_OFF, 'reviews', signOffDetails(signing)));
    await this.#signed.refresh();
    const by = actor.operatorId;
    // As the trail has it, which is what a restart reads.
    const own = this.#signed.list.find((each) => each.by === by && each.digest === digest);
    return { ...signing, by, at: own?.at ?? this.#deps.clock.nowSeconds() };
  }

  #coveredEvent(): number {
    return this.#signed.list[0]?.period.lastEvent ?? 0;
  }

  #remember(by: string, shown: ShownReview): void {
    const key = JSON.stringify([by, shown.digest]);
    this.#shown.delete(key);
    this.#shown.set(key, { by, shown });
    dropOldest(this.#shown, MOST_SHOWN);
  }

  #shownTo(operatorId: string, digest: string | undefined): ShownReview {
    const found = [...this.#shown.values()].findLast(
      ({ by, shown }) => by === operatorId && (digest === undefined || shown.digest === digest),
    );
    if (found) return found.shown;
    throw new KeywardError(
      'review_unseen',
      'digest: this was not shown to you, or too long ago; look at the review first, then sign off what it showed',
    );
  }
}

function signedOffAlready(): KeywardError {
  return new KeywardError(
    'review_signed_off',
    'somebody has signed it off meanwhile; look at what has happened since',
  );
}

const SIGNED_OFF = 'review.signed_off';

/** What the audit trail keeps of it. */
function signOffDetails({ period, digest, note, acts, ownActs }: Omit<SignedOffReview, 'by' | 'at'>) {
  const { from, to, firstEvent: first_event, lastEvent: last_event, more } = period;
  return { from, to, first_event, last_event, more, digest, note, acts, own_acts: ownActs };
}

function signedOffIn({ time, actor, detailsJson }: StoredEvent): SignedOffReview {
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
