import { describe, expect, it } from 'vitest';
import {
  CASE_STATES,
  CASE_STEPS,
  type CaseState,
  type CaseStepKind,
  caseOwner,
  caseStatus,
  requireStep,
} from '../../../src/reports/case.ts';

const steps = (...kinds: CaseStepKind[]) =>
  kinds.map((kind, n) => ({ kind, by: n % 2 === 0 ? 'alice' : 'bob', at: 100 + n }));

/** What may be written about a case in each state. */
const OPEN_TO: Readonly<Record<CaseState, readonly CaseStepKind[]>> = {
  open: ['examined', 'taken', 'noted', 'closed'],
  investigating: ['examined', 'taken', 'noted', 'closed'],
  closed: ['examined'],
};

describe('a case', () => {
  it.each(CASE_STATES.flatMap((state) => CASE_STEPS.map((kind) => [state, kind] as const)))(
    'that is %s takes the step %s or refuses it',
    (state, kind) => {
      const take = () => requireStep(state, kind);
      if (OPEN_TO[state].includes(kind)) expect(take()).toBeUndefined();
      else expect(take).toThrowError(expect.objectContaining({ code: 'report_closed' }));
    },
  );

  it.each<[CaseStepKind[], CaseState]>([
    [[], 'open'],
    [['examined'], 'open'],
    [['noted'], 'open'],
    [['taken'], 'investigating'],
    [['taken', 'examined', 'noted'], 'investigating'],
    [['closed'], 'closed'],
    [['taken', 'closed', 'examined'], 'closed'],
  ])('stands after %j as %s', (kinds, state) => {
    expect(caseStatus(steps(...kinds)).state).toBe(state);
  });

  it('stands as its steps say, and belongs to whoever took it last', () => {
    const all = steps('taken', 'taken', 'examined', 'closed');
    expect(caseStatus(all)).toEqual({ state: 'closed', examined: true, closedAt: 103 });
    expect(caseOwner(all)).toBe('bob');
    expect(caseStatus([])).toEqual({ state: 'open', examined: false, closedAt: null });
    expect(caseOwner(steps('noted'))).toBeNull();
  });
});
