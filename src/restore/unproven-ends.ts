import type { Logger } from 'pino';
import type { Store } from '../db/open-store.ts';
import { KEYWARD } from '../kernel/actor.ts';
import { type AuditLog, actOf } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import type { Clock } from '../kernel/clock.ts';
import { LONGEST_LIFE_SECONDS, type UnprovenTime } from '../kernel/record-gap.ts';
import { missingFrom } from './missing-from.ts';

/** Found by type and subject. */
const END_UNPROVEN = 'ledger.end_unproven';
const SUBJECT = 'chain:ledger';
/** Longer than a token is looked up after it was dated. */
const KEPT_SECONDS = LONGEST_LIFE_SECONDS + 86_400;

interface UnprovenDeps {
  readonly store: Pick<Store, 'mark' | 'reader'>;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * Writes down of which time nobody can tell whether records are missing: where this host does not know up to where the
 * ledger was acknowledged. The trail keeps it, together with what it kept before. `checkpointAt`: what a signed
 * checkpoint saw by then is there.
 */
export async function recordUnprovenEnd(deps: UnprovenDeps, checkpointAt: number | undefined): Promise<void> {
  const { store, audit, clock, log } = deps;
  // Not what the database has behind it: rows that somebody adds must make no doubt of what they forged.
  if (store.mark.isWhole) return;
  const now = clock.nowSeconds();
  const range = { from: await missingFrom(store.reader, { now, checkpointAt }), until: now };
  const details = { ranges: joined(await unprovenTimes(deps), range) };
  await audit.record(actOf(KEYWARD, END_UNPROVEN, SUBJECT, details));
  log.warn(
    { event: END_UNPROVEN, ...range },
    'nobody can tell whether the ledger is whole: tokens of that time that it lacks are neither accepted nor called forged',
  );
}

/** The times of which tokens are shown yet. */
export async function unprovenTimes({
  audit,
  clock,
}: Pick<UnprovenDeps, 'audit' | 'clock'>): Promise<readonly UnprovenTime[]> {
  const told = await audit.lastAbout(SUBJECT, END_UNPROVEN);
  if (!told) return [];
  const { ranges } = auditDetailsIn(told.detailsJson) as { readonly ranges: readonly UnprovenTime[] };
  const horizon = clock.nowSeconds() - KEPT_SECONDS;
  return ranges.filter(({ until }) => until > horizon);
}

/** Start after start in doubt makes one long time, not many. */
function joined(before: readonly UnprovenTime[], range: UnprovenTime): readonly UnprovenTime[] {
  const last = before.at(-1);
  if (!last || last.until < range.from) return [...before, range];
  const from = Math.min(range.from, Math.max(last.from, range.until - KEPT_SECONDS));
  return [...before.slice(0, -1), { from, until: range.until }];
}
