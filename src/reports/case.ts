import { hash, randomBytes } from 'node:crypto';
import type { Actor } from '../kernel/actor.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { Subscribable } from '../lib/emitter.ts';
import type { TokenFindings } from './findings.ts';

/** How far people got with a report. */
export const CASE_STATES = ['open', 'investigating', 'closed'] as const;
export type CaseState = (typeof CASE_STATES)[number];

export const UNCLOSED_STATES = ['open', 'investigating'] as const satisfies readonly CaseState[];
export type UnclosedCounts = Readonly<Record<(typeof UNCLOSED_STATES)[number], number>>;

/** What it came to. */
export const CASE_OUTCOMES = ['confirmed', 'harmless', 'duplicate', 'unclear'] as const;
type CaseOutcome = (typeof CASE_OUTCOMES)[number];

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

/** What anybody says, as it came. */
export interface Report extends Suspicion {
  readonly scopeId: string;
  readonly token: string | null;
  readonly requestId: string;
  readonly traceId?: string | undefined;
}

export interface NewReport extends Pick<FiledReport, 'number' | 'scopeId' | 'digest'> {
  readonly suspicion: Suspicion;
  readonly requestId: string;
  readonly traceId?: string | undefined;
}

/** A case changed its state; `was` is null for a new one. */
export interface CaseChange {
  readonly was: CaseState | null;
  readonly state: CaseState;
}

export interface CaseQuery {
  readonly state?: CaseState | undefined;
  readonly scopeId?: string | undefined;
}

export interface CasePage {
  /** The sequence of the last case seen. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Cases and what became of them. Each change commits with its audit event (I10). All fail with `store_unavailable`. */
export interface ReportStore extends Subscribable<CaseChange> {
  file(report: NewReport): Promise<FiledReport>;
  /** Once a case; a second time changes nothing. */
  examined(number: string, findings: TokenFindings | null): Promise<void>;
  /** Newest first. */
  list(query: CaseQuery, page: CasePage): Promise<readonly ReportCase[]>;
  /** `unknown_report`, as the next four. */
  find(number: string): Promise<ReportCase>;
  /** Also from whoever has it; taking one's own changes nothing. `report_closed`. */
  take(number: string, actor: Actor): Promise<ReportCase>;
  /** `report_closed`. */
  note(number: string, note: string, actor: Actor): Promise<ReportCase>;
  /** `report_closed`. */
  close(number: string, outcome: CaseOutcome, note: string, actor: Actor): Promise<ReportCase>;
  /** Erases text and contact for good. Erasing twice changes nothing. */
  erase(number: string, actor: Actor): Promise<ReportCase>;
  /** Cases received until then that were not looked into, oldest first. */
  unexamined(receivedUntil: number, limit: number): Promise<readonly FiledReport[]>;
  /** Cases received until then that nobody took up, oldest first, behind that sequence. */
  untaken(receivedUntil: number, afterSequence: number, limit: number): Promise<readonly FiledReport[]>;
  /** Erases text and contact of cases closed until then, at most so many; answers how many. */
  eraseClosed(closedUntil: number, limit: number): Promise<number>;
  countUnclosed(): Promise<UnclosedCounts>;
  /** The audit event that testifies to the last change; 0 before the first. */
  lastChange(): Promise<number>;
}

/** The state in which these steps have left a case; one of a kind that is none leads nowhere. */
export function caseState(steps: readonly Pick<CaseStep, 'kind'>[]): CaseState {
  return steps.reduce<CaseState>((state, { kind }) => LEADS_TO.get(kind)?.[state] ?? state, 'open');
}

export function caseOwner(steps: readonly Pick<CaseStep, 'kind' | 'by'>[]): string | null {
  return steps.findLast(({ kind }) => kind === 'taken')?.by ?? null;
}

/** What of a case stands in its row, too. */
interface CaseStatus {
  readonly state: CaseState;
  /** Whether the service has looked into it. */
  readonly examined: boolean;
  readonly closedAt: number | null;
}

export function caseStatus(steps: readonly Pick<CaseStep, 'kind' | 'at'>[]): CaseStatus {
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

/** Crockford's base 32: no letter that is read as another. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 8;
const FORM = /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/;

/**
 * `7Q3K-M2XD`: 40 random bits that people can read to each other. It opens nothing, and whoever gets one cannot
 * tell how many there are.
 */
export function newCaseNumber(): string {
  const letters = Array.from(randomBytes(LENGTH), (byte) => LETTERS.charAt(byte % LETTERS.length)).join('');
  return `${letters.slice(0, LENGTH / 2)}-${letters.slice(LENGTH / 2)}`;
}

/** The number as it is kept, however it was typed; undefined where it is none. */
export function readCaseNumber(typed: string): string | undefined {
  const letters = typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  const number = `${letters.slice(0, LENGTH / 2)}-${letters.slice(LENGTH / 2)}`;
  return FORM.test(number) ? number : undefined;
}

/** The audit event that testifies to a report. */
export const REPORT_FILED = 'report.filed';
/** By an operator; `report.expired` by itself, when its time was over. */
export const REPORT_ERASED = 'report.erased';
export const REPORT_EXPIRED = 'report.expired';
/** One for each report, which names it as its subject. */
export const REPORT_ERASURES = [REPORT_ERASED, REPORT_EXPIRED] as const;

const TAG = Buffer.from('keyward-report-v1\0');

export function reportSubjectOf(number: string): string {
  return `report:${number}`;
}

/** As it is stored, and as it is committed to. */
export function suspicionJson({ text, contact }: Suspicion): string {
  return JSON.stringify({ text, contact });
}

/** All that stays of text and contact once they are erased: SHA-256(salt ‖ tag ‖ JSON text). */
export function suspicionCommitment(salt: Uint8Array, json: string): Buffer {
  return hash('sha256', Buffer.concat([salt, TAG, Buffer.from(json)]), 'buffer');
}

/** With its subject and time they fix every value of the row. Whoever checks the row composes the same. */
export function filedDetails(
  { sequence, scopeId, digest }: Pick<FiledReport, 'sequence' | 'scopeId'> & { digest: Uint8Array | null },
  commitment: Uint8Array,
) {
  return {
    sequence,
    scope: scopeId,
    digest: digest && Buffer.from(digest).toString('base64url'),
    suspicion_commitment: Buffer.from(commitment).toString('base64url'),
  };
}
