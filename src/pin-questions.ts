import type { AuditTrail } from './domain/audit-trail.ts';
import { KeywardError } from './domain/errors.ts';
import type { PinMark, PinQuestions } from './domain/leaks.ts';
import { type SecurityEvents, securityEvent } from './domain/security-events.ts';
import type { PinComparer, SignerLink } from './signer/signer-link.ts';
import { noSuchToken } from './signer/signer-router.ts';
import { actOf } from './store/audited-change.ts';

export interface PinQuestionParts {
  readonly links: ReadonlyMap<string, PinComparer & Pick<SignerLink, 'state'>>;
  readonly audit: AuditTrail;
  readonly events: SecurityEvents;
}

/** Asks the signers whether what was found is their PIN. Who asked, and for how many, is written down before it is told. */
export function openPinQuestions({ links, audit, events }: PinQuestionParts): PinQuestions {
  return {
    marks: async () => {
      const marks = await Promise.all(
        [...links].map(async ([hsmToken, link]): Promise<PinMark[]> => {
          if (link.state() !== 'ready') return [];
          return [{ hsmToken, ...(await link.pinMark()) }];
        }),
      );
      if (marks.flat().length === 0)
        throw new KeywardError('hsm_unavailable', 'no HSM token is there; try again');
      return marks.flat();
    },
    async compare(hsmToken, { sealed, place }, actor) {
      const link = links.get(hsmToken) ?? noSuchToken(links);
      const { compared, matches } = await link.comparePins(sealed);
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
            leaked_at: place,
            source: 'scan',
            reported_by: actor.operatorId,
            withdrawn: false,
          }),
        );
      }
      return { compared, matches };
    },
  };
}
