import { REPORT_SUBJECTS, reportSubject } from './findings.ts';
import type { ReportTelling } from './telling.ts';
import type { Metrics } from '../metrics/metrics.ts';

/** What a report may count as; `refused` for those past a limit, of which nothing else is known. */
export const COUNTED_REPORTS = [...REPORT_SUBJECTS, 'refused'] as const;

/** Counts reports by what they turned out to be about; what never came counts nought, so that a first one is a rise. */
export function measuredReports(
  telling: ReportTelling,
  { reports: counter }: Pick<Metrics, 'reports'>,
): ReportTelling {
  for (const about of COUNTED_REPORTS) counter.inc({ about }, 0);
  return {
    ...telling,
    async tell(report, findings) {
      await telling.tell(report, findings);
      counter.inc({ about: reportSubject(report, findings) });
    },
  };
}
