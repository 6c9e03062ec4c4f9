import type { Logger } from 'pino';
import { type Clock, dayOf, type SettledTime } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { LedgerArchives } from '../kernel/ledger-search.ts';
import { POLICY_BOUNDS } from '../kernel/policy.ts';
import { type Leadership, type StoredKey, whileLeading } from '../kernel/registry.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import { type RunningTask, startPeriodicTask } from '../lib/periodic-task.ts';

const DAY_SECONDS = 86_400;
const [, LONGEST_TTL_SECONDS] = POLICY_BOUNDS.maxTtlSeconds;
const [, LARGEST_SKEW_SECONDS] = POLICY_BOUNDS.clockSkewSeconds;

interface RetentionDeps {
  readonly archives: Pick<LedgerArchives, 'seal' | 'drop' | 'remove'>;
  /** All keys that ever signed, the destroyed ones too. */
  readonly keys: () => Promise<readonly StoredKey[]>;
  readonly clock: Clock;
  readonly timeGuard: SettledTime;
  readonly leadership: Pick<Leadership, 'leads'>;
  /** Days after their last `exp` that records stay in the database. */
  readonly onlineDays: number;
  /** Days after a key is out of use that the records of its tokens are kept. */
  readonly retentionDays: number;
}

interface RetentionReport {
  readonly archived: number;
  readonly dropped: number;
  readonly segmentsRemoved: number;
}

/**
 * Moves what is due, a segment at a time, and answers what it did: nothing before the time has settled (I13).
 * `ledger_damaged`, `store_unavailable`; whatever was done until then stands, and the next step goes on from there.
 */
export async function retentionStep(deps: RetentionDeps, signal: AbortSignal): Promise<RetentionReport> {
  const { archives, clock, timeGuard, leadership, onlineDays, retentionDays } = deps;
  if (!timeGuard.isSettled()) return { archived: 0, dropped: 0, segmentsRemoved: 0 };
  const onlineSince = clock.nowSeconds() - onlineDays * DAY_SECONDS;
  const archived = await archives.seal({
    committedBefore: onlineSince - LONGEST_TTL_SECONDS,
    expiredBefore: onlineSince,
  });
  const dropped = await dropAll(deps, signal);
  if (!leadership.leads()) return { archived, dropped, segmentsRemoved: 0 };
  const before = clock.nowSeconds() - retentionDays * DAY_SECONDS;
  const outOfUse = await keysOutOfUse(deps, before);
  const segmentsRemoved = await archives.remove(
    ({ kids, lastExp }) => kids.length > 0 && lastExp < before && kids.every((kid) => outOfUse.has(kid)),
  );
  return { archived, dropped, segmentsRemoved };
}

async function dropAll({ archives, leadership }: RetentionDeps, signal: AbortSignal): Promise<number> {
  let all = 0;
  while (!signal.aborted && leadership.leads()) {
    const dropped = await archives.drop();
    if (dropped === 0) break;
    all += dropped;
  }
  return all;
}

/**
 * A key is out of use when no token of it can be good any more, by the bounds that its binding record was signed
 * with: the narrower ones of the registry may come from a row that is not signed yet. A key that is not known stays
 * in use.
 */
async function keysOutOfUse({ keys }: RetentionDeps, before: number): Promise<ReadonlySet<string>> {
  const found = await keys();
  const out = found.filter(
    ({ binding }) => binding.signUntil + binding.maxTtlSeconds + LARGEST_SKEW_SECONDS < before,
  );
  return new Set(out.map(({ kid }) => kid));
}

const EVERY_MS = 60_000;
const ARCHIVING_STOPS = 'its rows do not give its hash; they stay, and nothing behind them is archived';

/** Moves records to the archive and out of it, a step a minute, where this process leads. */
export function keepRetention(
  { log, events, ...deps }: RetentionDeps & { readonly events: EventRaiser; readonly log: Logger },
  everyMs = EVERY_MS,
): Pick<RunningTask, 'stop'> {
  const stopping = new AbortController();

  const tick = async (): Promise<void> => {
    try {
      const report = await retentionStep(deps, stopping.signal);
      if (Object.values(report).some((count) => count > 0)) log.info(report, 'ledger retention');
    } catch (error) {
      if (error instanceof KeywardError && error.code === 'ledger_damaged') {
        const damage = { chain: 'ledger', place: error.message, why: ARCHIVING_STOPS };
        events.raise(securityEvent('audit.chain_broken', { ...damage, day: dayOf(deps.clock.nowSeconds()) }));
      }
      throw error;
    }
  };

  const task = startPeriodicTask({
    tick: whileLeading(deps.leadership, tick),
    everyMs,
    log,
    failure: 'ledger retention failed; it is tried again',
  });
  return {
    async stop() {
      stopping.abort();
      await task.stop();
    },
  };
}
