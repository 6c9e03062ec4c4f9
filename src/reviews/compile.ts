import type { AuditLog } from '../kernel/audit.ts';
import { PROBE_CLIENT } from '../kernel/issuance.ts';
import type { IssuedHoursReader } from '../kernel/ledger-search.ts';
import { type EventService, UNRESOLVED_STATES, type UnresolvedCounts } from '../kernel/security-events.ts';
import { listed, type NewSource, type Review } from './review.ts';
import { readTrail } from './trail.ts';
import { HABIT_SECONDS, oddHours, type Span, volumeChanges } from './volume.ts';

/** Of each list. What is left out is counted. */
const MOST_LISTED = 20;
/** Security events of one kind that are read. */
const MOST_READ = 1_000;

export interface ReviewSources {
  readonly audit: Pick<AuditLog, 'witnessedAfter'>;
  readonly events: Pick<EventService, 'list'> & { countUnresolved(): Promise<UnresolvedCounts> };
  readonly issued: IssuedHoursReader;
  /** When the service began. */
  readonly since: number;
}

export interface CompiledReview {
  readonly review: Review;
  readonly actsBy: ReadonlyMap<string, number>;
}

/** Gathers what happened since. `store_unavailable`, `overloaded`. */
export async function compileReview(
  sources: ReviewSources,
  covered: { readonly until: number; readonly event: number },
  now: number,
): Promise<CompiledReview> {
  const { audit, events, issued, since } = sources;
  const { period, trail } = await readTrail(audit, covered, now);
  const { from, to } = period;
  const counted = await issued.between(from - Math.max(HABIT_SECONDS, to - from + 3_600), to);
  const { complete, countedFrom } = counted;
  // How much Keyward probes is no client's doing: a verifier that is added would look like a surge.
  const hours = counted.hours.filter(({ client }) => client !== PROBE_CLIENT);
  const review = {
    period,
    newCallers: listed(trail.newCallers(), MOST_LISTED),
    newSources: listed(await newSources(events, period), MOST_LISTED),
    denied: listed(trail.denied(), MOST_LISTED),
    volume: listed(volumeChanges(hours, period, Math.max(since, complete ? 0 : countedFrom)), MOST_LISTED),
    oddHours: listed(oddHours(hours, period), MOST_LISTED),
    ledgerCountedFrom: complete ? null : countedFrom,
    acts: listed(trail.acts(), MOST_LISTED),
    unresolved: await unresolved(events),
  };
  return { review, actsBy: trail.actsBy() };
}

async function newSources(
  events: ReviewSources['events'],
  { from, to }: Span,
): Promise<readonly NewSource[]> {
  const found = await events.list({ type: 'client.new_source', from, to }, { limit: MOST_READ });
  return found.map(({ sequence, raisedAt, evidence, subject }) => ({
    caller: String(evidence?.caller ?? subject),
    network: String(evidence?.network ?? '-'),
    event: sequence,
    at: raisedAt,
  }));
}

/** The worst first, and of those the latest. */
async function unresolved(events: ReviewSources['events']): Promise<Review['unresolved']> {
  const counts = await events.countUnresolved();
  const found = [];
  for (const severity of ['critical', 'warning', 'info'] as const) {
    for (const state of UNRESOLVED_STATES) {
      if (found.length < MOST_LISTED)
        found.push(...(await events.list({ state, severity }, { limit: MOST_LISTED })));
    }
  }
  const all = UNRESOLVED_STATES.flatMap((state) => Object.values(counts[state])).reduce((a, b) => a + b, 0);
  const shown = found.slice(0, MOST_LISTED);
  return {
    counts,
    listed: shown.map(({ sequence, type, severity, subject, state, raisedAt }) => ({
      sequence,
      type,
      severity,
      subject,
      state,
      raisedAt,
    })),
    more: Math.max(0, all - shown.length),
  };
}
