import type { EventRaiser, SecurityEventReport } from '../../src/kernel/security-events.ts';

/** Keeps in `raised` what is raised, once under its key, as a raiser does. */
export function raiserInto(raised: SecurityEventReport[]): EventRaiser {
  return {
    raise(report) {
      const isSame = ({ type, dedupKey }: SecurityEventReport) =>
        type === report.type && dedupKey === report.dedupKey;
      if (!raised.some(isSame)) raised.push(report);
    },
  };
}
