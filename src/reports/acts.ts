import { z } from 'zod';
import type { Act } from '../domain/act-gate.ts';
import { takesTwoByNow } from '../domain/proposal-refusals.ts';
import type { ReportCase } from './case.ts';
import type { ReportDesk } from './report-desk.ts';
import { reportSubjectOf } from './audited.ts';
import { caseRepresentation } from './case-wire.ts';
import { validated } from '../server/validated.ts';

export interface ReportActParts {
  readonly reports: Pick<ReportDesk, 'find' | 'erase'>;
}

const erasure = z.strictObject({ report: z.string() });

/** Text and contact of one report: evidence until its case is closed. */
export function eraseReport({ reports }: ReportActParts): Act<'report.erase', z.infer<typeof erasure>> {
  return {
    name: 'report.erase',
    read: (given) => validated(erasure, given),
    async plan({ report }) {
      const found = await reports.find(report);
      const { state, suspicion } = found;
      const planned = {
        subject: reportSubjectOf(report),
        before: { text_and_contact: suspicion === null ? 'erased' : 'kept', state },
        after: { text_and_contact: 'erased', state },
        facts: { open: isOpen(found) },
      };
      return suspicion === null ? { ...planned, unchanged: true } : planned;
    },
    async execute({ report }, actor) {
      const found = await reports.find(report);
      if (actor.alone && found.suspicion !== null && isOpen(found)) throw takesTwoByNow();
      return { report: caseRepresentation(await reports.erase(report, actor)) };
    },
  };
}

function isOpen({ state }: ReportCase): boolean {
  return state !== 'closed';
}
