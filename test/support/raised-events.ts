import type { EventRaiser, SecurityEventReport, SecurityEvents } from '../../src/kernel/security-events.ts';

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

/** Stores what is raised; `settled` rejects where the store refused it. */
export function raiserOver(events: SecurityEvents): EventRaiser & { settled(): Promise<unknown> } {
  let last: Promise<unknown> = Promise.resolve();
  return {
    raise(report) {
      last = last.then(() => events.raise(report));
    },
    settled: () => last,
  };
}
