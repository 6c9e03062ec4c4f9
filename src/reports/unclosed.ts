import type { CaseState } from './case.ts';
import type { ReportStore } from './report-desk.ts';

/** How many cases wait for somebody, counted once and then kept; to be asked before anything is received. */
export async function unclosedReports(store: Pick<ReportStore, 'countUnclosed' | 'subscribe'>) {
  const counts = { ...(await store.countUnclosed()) };
  store.subscribe(({ was, state }) => {
    if (isCounted(was)) counts[was] -= 1;
    if (isCounted(state)) counts[state] += 1;
  });
  return () => counts;
}

function isCounted(state: CaseState | null): state is 'open' | 'investigating' {
  return state === 'open' || state === 'investigating';
}
