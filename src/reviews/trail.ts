import { KEYWARD } from '../kernel/actor.ts';
import type { AuditLog, StoredEvent } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import { compareText } from '../lib/text.ts';
import type { Acts, DeniedAttempts, NewCaller, ReviewPeriod } from './review.ts';

/** Each event's seal is checked, on the event loop. */
const PAGE = 200;
/** Events in one review, and its length: what is beyond is the next review's. */
const MOST_EVENTS = 20_000;
const LONGEST_SECONDS = 35 * 86_400;

interface Reviewed {
  readonly period: ReviewPeriod;
  readonly trail: TrailDigest;
}

/** Everything behind that event of the audit trail, up to now or as far as one review goes. */
export async function readTrail(
  audit: Pick<AuditLog, 'witnessedAfter'>,
  covered: { readonly until: number; readonly event: number },
  now: number,
): Promise<Reviewed> {
  const trail = new TrailDigest();
  // A clock that was put back is no reason to look at less.
  const end = Math.max(covered.until, Math.min(now, covered.until + LONGEST_SECONDS));
  let [event, count, full] = [covered.event, 0, false];
  let lastTime = covered.until;
  for (let page = await audit.witnessedAfter(event, PAGE); page.length > 0; ) {
    const beyond = page.findIndex(({ time }) => time > end);
    const fitting = page.slice(0, beyond < 0 ? page.length : beyond).slice(0, MOST_EVENTS - count);
    for (const each of fitting) {
      trail.add(each);
      lastTime = Math.max(lastTime, each.time);
    }
    count += fitting.length;
    event = fitting.at(-1)?.sequence ?? event;
    full = fitting.length < page.length;
    if (full) break;
    await new Promise((resolve) => setImmediate(resolve));
    page = await audit.witnessedAfter(event, PAGE);
  }
  const byCount = count >= MOST_EVENTS;
  const period = {
    from: covered.until,
    to: byCount ? Math.min(end, lastTime) : end,
    firstEvent: covered.event + 1,
    lastEvent: event,
    more: full || end < now,
  };
  return { period, trail };
}

const REMOTES = 5;
/** Kinds of denied attempts that are told apart. */
const MOST_KINDS = 10_000;
const REFUSALS: ReadonlySet<string> = new Set(['login.refused', 'act.refused']);
const ENROLMENTS: ReadonlySet<string> = new Set(['client.created', 'operator.created']);

/** What a stretch of the audit trail comes to, told event by event. */
class TrailDigest {
  readonly #acts = new Map<string, { count: number; by: Set<string>; lastAt: number }>();
  readonly #actsBy = new Map<string, number>();
  readonly #denied = new Map<string, { -readonly [K in keyof DeniedAttempts]: DeniedAttempts[K] }>();
  readonly #newCallers: NewCaller[] = [];

  add(event: StoredEvent): void {
    if (REFUSALS.has(event.type)) this.#deny(event);
    else if (event.actor !== KEYWARD.operatorId && !event.actor.startsWith('client:')) this.#act(event);
    if (ENROLMENTS.has(event.type)) this.#enrol(event);
  }

  /** The most frequent first. */
  acts(): readonly Acts[] {
    const all = [...this.#acts].map(([type, { count, by, lastAt }]) => ({
      type,
      count,
      by: [...by].sort(),
      lastAt,
    }));
    return all.sort((a, b) => b.count - a.count || compareText(a.type, b.type));
  }

  /** How many there are of each operator. */
  actsBy(): ReadonlyMap<string, number> {
    return this.#actsBy;
  }

  /** The most frequent first. */
  denied(): readonly DeniedAttempts[] {
    return [...this.#denied.values()].sort((a, b) => b.count - a.count);
  }

  /** The latest first. */
  newCallers(): readonly NewCaller[] {
    return this.#newCallers.toReversed();
  }

  #act({ type, actor, time }: StoredEvent): void {
    const acts = this.#acts.get(type) ?? { count: 0, by: new Set<string>(), lastAt: time };
    acts.count += 1;
    acts.by.add(actor);
    acts.lastAt = Math.max(acts.lastAt, time);
    this.#acts.set(type, acts);
    this.#actsBy.set(actor, (this.#actsBy.get(actor) ?? 0) + 1);
  }

  #deny({ type, actor, subject, detailsJson }: StoredEvent): void {
    const { code, count, remotes } = auditDetailsIn(detailsJson);
    const named = { caller: type === 'act.refused' ? actor : null, what: subject, code: String(code) };
    const key = JSON.stringify(Object.values(named));
    if (!this.#denied.has(key) && this.#denied.size >= MOST_KINDS) return;
    const before = this.#denied.get(key) ?? { ...named, count: 0, remotes: [] };
    const from = Array.isArray(remotes) ? remotes.map(String) : [];
    this.#denied.set(key, {
      ...before,
      count: before.count + (typeof count === 'number' ? count : 1),
      remotes: [...new Set([...before.remotes, ...from])].slice(0, REMOTES),
    });
  }

  #enrol({ subject, time, actor, detailsJson }: StoredEvent): void {
    const { approved_by } = auditDetailsIn(detailsJson);
    const approvedBy = typeof approved_by === 'string' ? approved_by : null;
    this.#newCallers.push({ caller: subject, at: time, by: actor, approvedBy });
  }
}
