import type { AuditTrail } from './domain/audit-trail.ts';
import type { Clock } from './domain/clock.ts';
import { type ErrorCode, KeywardError } from './domain/errors.ts';
import type { PinQuestions } from './domain/leaks.ts';
import { type SecurityEvents, securityEvent } from './domain/security-events.ts';
import { PinQuestionLimits } from './pin-question-limits.ts';
import type { PinComparer } from './signer/signer-link.ts';
import { noSuchToken } from './signer/signer-router.ts';
import { actOf } from './store/audited-change.ts';

export interface PinQuestionParts {
  readonly links: ReadonlyMap<string, PinComparer>;
  readonly audit: AuditTrail;
  readonly events: SecurityEvents;
  readonly clock: Clock;
}

/** Asks the signers whether what was found is their PIN. Who asked, and for how many, is written down before it is told. */
export function openPinQuestions({ links, audit, events, clock }: PinQuestionParts): PinQuestions {
  const limits = new PinQuestionLimits(links.size, clock);
  return {
    async marks({ operatorId }) {
      limits.takeMarks(operatorId);
      return Promise.all(
        [...links].map(async ([hsmToken, link]) => ({
          hsmToken,
          mark: await link.pinMark().catch(awayIsNone),
        })),
      );
    },
    async compare(hsmToken, { sealed, places }, actor) {
      const link = links.get(hsmToken) ?? noSuchToken(links);
      const { compared, matches } = await limits.batch(hsmToken, actor.operatorId, () =>
        link.comparePins(sealed),
      );
      const subject = `hsm:${hsmToken}`;
      await audit.record(actOf(actor, 'pin.compared', subject, { compared, matches: matches.length }));
      if (matches.length > 0) {
        const { since } = await link.pinMark();
        await events.raise(
          securityEvent('credential.leaked', {
            leaked: 'pin',
            holder: subject,
            scope: null,
            scopes: [],
            kid: null,
            leaked_digest: null,
            since,
            leaked_at: places[matches[0] ?? 0] ?? 'not said',
            source: 'scan',
            reported_by: actor.operatorId,
            reporter: 'operator',
            withdrawn: false,
          }),
        );
      }
      return { compared, matches };
    },
  };
}

const AWAY: ReadonlySet<ErrorCode> = new Set([
  'hsm_unavailable',
  'hsm_refused',
  'pin_latched',
  'invalid_config',
]);

function awayIsNone(error: unknown): undefined {
  if (!(error instanceof KeywardError) || !AWAY.has(error.code)) throw error;
}
