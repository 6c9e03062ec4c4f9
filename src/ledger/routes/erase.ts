import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { outdated } from '../../access/index.ts';
import { type Act, takesTwoByNow } from '../../kernel/acts.ts';
import type { LedgerErasure } from '../../kernel/ledger-search.ts';

import type { RevocationAdministration } from '../../kernel/revocation.ts';
import type { JsonObject } from '../../lib/json.ts';
import { dropOldest } from '../../lib/recent-set.ts';
import { revocationRepresentation, revocationRequest, ruleOf } from '../../revocation/routes.ts';
import { validated } from '../../server/read-body.ts';
import { ledgerErasure } from './search.ts';

/** Proposals at a time are fewer. */
const MOST = 2_000;

/** Subjects that are to be erased, in memory alone: outside, a reference that means nothing to another process. */
class HiddenSubjects {
  readonly #key = randomBytes(32);
  readonly #subjects = new Map<string, string>();

  /** The same reference for the same subject. */
  hide(subject: string): string {
    const reference = createHmac('sha256', this.#key).update(subject).digest('base64url');
    this.#subjects.delete(reference);
    this.#subjects.set(reference, subject);
    dropOldest(this.#subjects, MOST);
    return reference;
  }

  /** `proposal_outdated` for one that is forgotten. */
  reveal(reference: string): string {
    const subject = this.#subjects.get(reference);
    if (subject === undefined) throw outdated();
    return subject;
  }

  forget(reference: string): void {
    this.#subjects.delete(reference);
  }
}

export interface LedgerActDeps {
  readonly revocations: RevocationAdministration;
  readonly ledger: { readonly erasure: LedgerErasure };
}

export function addRevocation({ revocations }: LedgerActDeps): Act<'revocation.add', JsonObject> {
  return {
    name: 'revocation.add',
    read: (given) => ({ ...validated(revocationRequest, given) }) as JsonObject,
    plan: (parameters) => ({ subject: 'revocations', before: null, after: parameters }),
    async execute(parameters, actor) {
      const given = validated(revocationRequest, parameters);
      const added = await revocations.revoke(ruleOf(given), given.reason, actor);
      return { revocation: revocationRepresentation(added) };
    },
  };
}

const hidden = z.strictObject({ subject_reference: z.string() });

/** Proposal and audit trail have a reference in place of the subject: nobody is told whom it erases. */
export function eraseSubject({
  ledger: { erasure },
}: LedgerActDeps): Act<'ledger.erase', z.infer<typeof hidden>> {
  const subjects = new HiddenSubjects();
  return {
    name: 'ledger.erase',
    read(given) {
      const kept = hidden.safeParse(given);
      if (kept.success) return kept.data;
      return { subject_reference: subjects.hide(validated(ledgerErasure, given).subject) };
    },
    async plan({ subject_reference }) {
      const { events, reports } = await erasure.openAbout(subjects.reveal(subject_reference));
      return {
        subject: 'ledger',
        before: { personal_values: 'kept', in_open_events: events, in_open_reports: reports },
        after: { personal_values: 'erased', in_open_events: [], in_open_reports: [] },
        facts: { open: events.length + reports.length > 0 },
      };
    },
    async execute({ subject_reference }, actor) {
      const subject = subjects.reveal(subject_reference);
      const open = await erasure.openAbout(subject);
      if (actor.alone && open.events.length + open.reports.length > 0) throw takesTwoByNow();
      const { records, events, reports } = await erasure.eraseSubject(subject, actor);
      subjects.forget(subject_reference);
      return { records, security_events: events, reports };
    },
  };
}
