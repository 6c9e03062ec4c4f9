import type { Logger } from 'pino';
import type { Forgery, ForgeryAlarm, KeySuspender, UnrecordedToken } from '../kernel/activity.ts';
import { KEYWARD } from '../kernel/actor.ts';
import type { Clock } from '../kernel/clock.ts';
import type { RecordedToken } from '../kernel/issuance.ts';
import type { SecurityEventType } from '../kernel/security-event-types.ts';
import {
  type EventRaiser,
  type SecurityEventReport,
  type SecurityEvents,
  securityEvent,
} from '../kernel/security-events.ts';
import { MinuteBudget } from '../lib/minute-budget.ts';
import { RecentSet } from '../lib/recent-set.ts';

interface ForgeryAlarmDeps {
  readonly events: SecurityEvents;
  /** Takes what could not be stored: the token may not be shown again, or its key be compromised by then. */
  readonly raiser: EventRaiser;
  readonly suspender: KeySuspender;
  readonly clock: Clock;
  /** What could not be stored or done; the token is refused all the same. */
  readonly onFailure: (error: unknown, what: 'raise' | 'suspend', of: FailedAlarm) => void;
}

interface FailedAlarm {
  readonly kid: string;
  readonly event: SecurityEventType;
}

/** A thief with a key can make any number of tokens: past this many events a minute they only count. */
const EVENTS_A_TYPE_KEY_AND_MINUTE = 60;
const REMEMBERED_TOKENS = 10_000;

/**
 * One critical event for each token that is forged, or may be; where it is and the scope's policy says so, its key out
 * of use at once.
 */
export function createForgeryAlarm({
  events,
  raiser,
  suspender,
  clock,
  onFailure,
}: ForgeryAlarmDeps): ForgeryAlarm {
  const told = new RecentSet(REMEMBERED_TOKENS);
  const budget = new MinuteBudget(EVENTS_A_TYPE_KEY_AND_MINUTE, clock);

  const raise = async (report: SecurityEventReport, kid: string): Promise<void> => {
    const { type: event, dedupKey } = report;
    const name = `${event} ${dedupKey}`;
    if (told.has(name) || !budget.take(`${event} ${kid}`)) return;
    told.add(name);
    try {
      await events.raise(report);
    } catch (error) {
      told.delete(name);
      onFailure(error, 'raise', { kid, event });
      raiser.raise(report);
    }
  };

  const suspend = async ({ scope, kid }: Forgery): Promise<void> => {
    if (!scope.policy.suspendOnForgery) return;
    try {
      await suspender.suspend(kid, 'a token with its signature was never issued', KEYWARD);
    } catch (error) {
      onFailure(error, 'suspend', { kid, event: 'token.never_issued' });
    }
  };

  return {
    async forged(forgery) {
      await Promise.all([raise(forgeryEvent(forgery), forgery.kid), suspend(forgery)]);
    },
    unproven: (token) => raise(securityEvent('token.unproven', evidenceOf(token)), token.kid),
  };
}

function forgeryEvent({ record, ...token }: Forgery): SecurityEventReport {
  return securityEvent('token.never_issued', {
    ...evidenceOf(token),
    record: record === undefined ? null : factsOf(record),
  });
}

function evidenceOf({ scope, kid, digest, header, claims }: UnrecordedToken) {
  return { scope: scope.id, kid, digest: digest.toString('base64url'), header, claims };
}

function factsOf({ scopeId, kid, jti, clientId, iat, exp }: RecordedToken): Record<string, unknown> {
  return { scope: scopeId, kid, jti, client: clientId, iat, exp };
}

export function openForgeryAlarm(deps: {
  readonly events: SecurityEvents;
  readonly raiser: EventRaiser;
  readonly suspender: KeySuspender;
  readonly clock: Clock;
  readonly log: Logger;
}): ForgeryAlarm {
  const { log } = deps;
  return createForgeryAlarm({
    ...deps,
    onFailure: (err, what, of) => log.fatal({ err, ...of }, `forged token: could not ${what}`),
  });
}
