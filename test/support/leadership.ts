import type { Leadership, UnfinishedWork } from '../../src/kernel/registry.ts';

/** Of a process that nobody shares the database with. */
export const SOLE_OWNER: Leadership = { leads: () => true, isAbandoned: () => true, hadOthers: false };

/** Of one of several, which leads or does not as a test has it. */
export function switchedLeadership(isLeading = false) {
  const state = { isLeading, isAbandoned: (_work: UnfinishedWork) => true };
  const leadership: Leadership = {
    leads: () => state.isLeading,
    isAbandoned: (work) => state.isAbandoned(work),
    hadOthers: true,
  };
  return { state, leadership };
}
