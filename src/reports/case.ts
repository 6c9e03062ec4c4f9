import { KeywardError } from '../domain/errors.ts';
import type { TokenFindings } from './findings.ts';

/** How far people got with a report. */
export const CASE_STATES = ['open', 'investigating', 'closed'] as const;
export type CaseState = (typeof CASE_STATES)[number];

export const UNCLOSED_STATES = ['open', 'investigating'] as const satisfies readonly CaseState[];
export type UnclosedCounts = Readonly<Record<(typeof UNCLOSED_STATES)[number], number>>;

/** What it came to. */
export const CASE_OUTCOMES = ['confirmed', 'harmless', 'duplicate', 'unclear'] as const;
export type CaseOutcome = (typeof CASE_OUTCOMES)[number];

/** What is written about a case, each behind the others; nothing of it is changed or removed. */
export const CASE_STEPS = ['examined', 'taken', 'noted', 'closed'] as const;
export type CaseStepKind = (typeof CASE_STEPS)[number];

/** From where to where each step leads; a note leaves the case as it is, and what is closed stays so. */
const LEADS_TO: ReadonlyMap<string, Partial<Readonly<Record<CaseState, CaseState>>>> = new Map(
  Object.entries({
    examined: { open: 'open', investigating: 'investigating', closed: 'closed' },
    taken: { open: 'investigating', investigating: 'investigating' },
    noted: { open: 'open', investigating: 'investigating' },
    closed: { open: 'closed', investigating: 'closed' },
  } satisfies Record<CaseStepKind, Partial<Record<CaseState, CaseState>>>),
);

/** Times are seconds since the epoch. */
export interface CaseStep {
  readonly kind: CaseStepKind;
  /** An operator, or `keyward` for what the service found. */
  readonly by: string;
  readonly at: number;
  /** Of one that closed the case. */
  readonly outcome: CaseOutcome | null;
  readonly note: string | null;
}

/** What somebody reported, kept apart since it can be erased. */
export interface Suspicion {
  readonly text: string | null;
  /** How the reporter can be reached, in their own words. */
  readonly contact: string | null;
}

export interface FiledReport {
  /** Grows by one with each report. */
  readonly sequence: number;
  /** What the reporter was told. */
  readonly number: string;
  readonly scopeId: string;
  readonly receivedAt: number;
  /** SHA-256 of the signing input of the token shown; null where none was. The token itself is not kept. */
  readonly digest: Buffer | null;
  /** Null once it is erased. */
  readonly suspicion: Suspicion | null;
}

export interface ReportCase extends FiledReport {
  readonly state: CaseState;
  /** Who took it up last. */
  readonly owner: string | null;
  /** In order. */
  readonly steps: readonly CaseStep[];
  /** Who had text and contact erased: an operator, or `keyward` when their time was over. Null: nobody so far. */
  readonly erasure: Pick<CaseStep, 'by' | 'at'> | null;
  /** What the service found at once; null until then, where no token was shown, and where it was not kept. */
  readonly findings: TokenFindings | null;
  /** Numbers of other reports of the same token, the first of them. */
  readonly sameToken: readonly string[];
}

/** The state in which these steps have left a case; one of a kind that is none leads nowhere. */
export function caseState(steps: readonly Pick<CaseStep, 'kind'>[]): CaseState {
  return steps.reduce<CaseState>((state, { kind }) => LEADS_TO.get(kind)?.[state] ?? state, 'open');
}

export function caseOwner(steps: readonly Pick<CaseStep, 'kind' | 'by'>[]): string | null {
  return steps.findLast(({ kind }) => kind === 'taken')?.by ?? null;
}

/** What of a case stands in its row, too. */
export interface CaseStanding {
  readonly state: CaseState;
  /** Whether the service has looked into it. */
  readonly examined: boolean;
  readonly closedAt: number | null;
}

export function caseStanding(steps: readonly Pick<CaseStep, 'kind' | 'at'>[]): CaseStanding {
  return {
    state: caseState(steps),
    examined: steps.some(({ kind }) => kind === 'examined'),
    closedAt: steps.find(({ kind }) => kind === 'closed')?.at ?? null,
  };
}

/** `report_closed` where the step is not open to the case. */
export function requireStep(state: CaseState, kind: CaseStepKind): void {
  if (LEADS_TO.get(kind)?.[state] !== undefined) return;
  throw new KeywardError(
    'report_closed',
    'the case is closed, and nothing is added to it; a new report opens another',
  );
}
