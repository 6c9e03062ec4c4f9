import type { Logger } from 'pino';
import type { Forgery, ForgeryAlarm, KeySuspender } from '../kernel/activity.ts';
import { KEYWARD } from '../kernel/actor.ts';
import type { Clock } from '../kernel/clock.ts';
import type { RecordedToken } from '../kernel/issuance.ts';
import { type SecurityEventReport, type SecurityEvents, securityEvent } from '../kernel/security-events.ts';
import { MinuteBudget } from '../lib/minute-budget.ts';
import { RecentSet } from '../lib/recent-set.ts';

interface ForgeryAlarmDeps {
  readonly events: SecurityEvents;
  readonly suspender: KeySuspender;
  readonly clock: Clock;
  /** What could not be stored or done; the token is refused all the same. */
  readonly onFailure: (error: unknown, what: 'raise' | 'suspend', kid: string) => void;
}

/** A thief with a key can make any number of tokens: past this many events a minute they only count. */
const EVENTS_A_KEY_AND_MINUTE = 60;
const REMEMBERED_TOKENS = 10_000;

/** One critical event for each forged token and, where the scope's policy says so, its key out of use at once. */
export function createForgeryAlarm({ events, suspender, clock, onFailure }: ForgeryAlarmDeps): ForgeryAlarm {
  const told = new RecentSet(REMEMBERED_TOKENS);
  const budget = new MinuteBudget(EVENTS_A_KEY_AND_MINUTE, clock);

  const raise = async (forgery: Forgery): Promise<void> => {
    const report = reportOf(forgery);
    if (told.has(report.dedupKey) || !budget.take(forgery.kid)) return;
    told.add(report.dedupKey);
    try {
      await events.raise(report);
    } catch (error) {
      told.delete(report.dedupKey);
      onFailure(error, 'raise', forgery.kid);
    }
  };

  const suspend = async ({ scope, kid }: Forgery): Promise<void> => {
    if (!scope.policy.suspendOnForgery) return;
    try {
      await suspender.suspend(kid, 'a token with its signature was never issued', KEYWARD);
    } catch (error) {
      onFailure(error, 'suspend', kid);
    }
  };

  return {
    async forged(forgery) {
      await Promise.all([raise(forgery), suspend(forgery)]);
    },
  };
}

function reportOf({ scope, kid, digest, header, claims, record }: Forgery): SecurityEventReport {
  return securityEvent('token.never_issued', {
    scope: scope.id,
    kid,
    digest: digest.toString('base64url'),
    header,
    claims,
    record: record === undefined ? null : factsOf(record),
  });
}

function factsOf({ scopeId, kid, jti, clientId, iat, exp }: RecordedToken): Record<string, unknown> {
  return { scope: scopeId, kid, jti, client: clientId, iat, exp };
}

export function openForgeryAlarm(deps: {
  readonly events: SecurityEvents;
  readonly suspender: KeySuspender;
  readonly clock: Clock;
  readonly log: Logger;
}): ForgeryAlarm {
  const { log } = deps;
  return createForgeryAlarm({
    ...deps,
    onFailure: (error, what, kid) =>
      log.fatal({ err: error, kid, event: 'token.never_issued' }, `forged token: could not ${what}`),
  });
}
