import { KEYWARD } from '../kernel/actor.ts';
import {
  credentialsIn,
  type KnownSecret,
  type LeakService,
  maskCredentials,
  pinsIn,
} from '../kernel/credential.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { ReportAlarm } from './alarm.ts';
import { type FiledReport, newCaseNumber, type Report, type ReportStore } from './case.ts';
import type { ReportedToken, TokenExaminer } from './examine.ts';
import { type CredentialTrace, NOTHING_FOUND, type TokenFindings } from './findings.ts';

/** The public side. */
export interface ReportIntake {
  /**
   * Settles with the number of the case once it is durable; what was reported is looked into after that.
   * `store_unavailable`, `overloaded`.
   */
  receive(report: Report): Promise<string>;
}

interface IntakeDeps {
  readonly store: Pick<ReportStore, 'file' | 'examined'>;
  readonly examiner: TokenExaminer;
  readonly leaks: Pick<LeakService, 'find' | 'withdraw'>;
  readonly alarm: Pick<ReportAlarm, 'raise'>;
  readonly pause: (ms: number) => Promise<void>;
  /** What a later look makes good. */
  readonly onFailure: (error: unknown, number: string) => void;
}

/** Before another look, where the ledger or the verifier could not be asked. */
const PAUSES_MS = [1_000, 5_000];
/** Reports whose tokens wait in memory to be looked into; past it, a case is kept without. */
const MOST_WAITING = 256;

export interface RunningIntake extends ReportIntake {
  /** Looks into one that was left over, of whose token nothing but the digest is there any more. */
  examineLeft(report: FiledReport): Promise<void>;
  /** Settles with the one being looked into; those that wait are left over. */
  stop(): Promise<void>;
}

/** What is kept of a report in memory, until it was looked into. */
interface PendingReport {
  readonly token: ReportedToken | null;
  /** Digests of credentials, or, where it was left over, of what may be one. */
  readonly credentials: readonly Buffer[];
  readonly pins: number;
  readonly isLeft: boolean;
  readonly requestId: string | null;
}

/** Files what is reported, answers, and looks into it then: one at a time, so that a flood costs little. */
export function createReportIntake(deps: IntakeDeps): RunningIntake {
  const { store, examiner, onFailure } = deps;
  const waiting = new Set<string>();
  let stopped = false;
  let last: Promise<void> = Promise.resolve();
  const process = async (report: FiledReport, shown: PendingReport) => {
    if (!stopped) await examine(deps, report, shown);
  };
  return {
    async receive(given) {
      const { scopeId, token, requestId, traceId } = given;
      const number = newCaseNumber();
      const digest = token === null ? null : examiner.digestOf(token);
      const suspicion = { text: masked(given.text), contact: masked(given.contact) };
      const report = await store.file({ number, scopeId, digest, suspicion, requestId, traceId });
      if (waiting.size >= MOST_WAITING) return number;
      const shown = {
        token: token === null ? null : { scopeId, token, requestId },
        credentials: credentialsOf(given),
        pins: pinsOf(given),
        isLeft: false,
        requestId,
      };
      waiting.add(number);
      last = last
        .then(() => process(report, shown))
        .catch((error: unknown) => onFailure(error, number))
        .finally(() => waiting.delete(number));
      return number;
    },
    async examineLeft(report) {
      if (waiting.has(report.number)) return;
      const { digest } = report;
      await process(report, {
        token: null,
        credentials: digest ? [digest] : [],
        pins: 0,
        isLeft: true,
        requestId: null,
      });
    },
    stop() {
      stopped = true;
      return last;
    },
  };
}

function masked(text: string | null): string | null {
  return text && maskCredentials(text);
}

function credentialsOf({ token, text, contact }: Report): Buffer[] {
  const all = [token, text, contact].flatMap((given) => [...credentialsIn(given ?? '')]);
  return [...new Map(all.map((each) => [each.text, each.digest])).values()];
}

function pinsOf({ token, text, contact }: Report): number {
  const all = [token, text, contact].flatMap((given) => [...pinsIn(given ?? '')]);
  return new Set(all.map((each) => each.text)).size;
}

/** Told before it is written down, so that a look that was cut short is repeated; it is told once all the same. */
async function examine(deps: IntakeDeps, report: FiledReport, shown: PendingReport): Promise<void> {
  const findings = await findingsOf(deps, report, shown);
  await deps.alarm.raise(report, findings);
  await deps.store.examined(report.number, findings);
}

/** Credentials first: they open more than a token does. */
async function findingsOf(
  { leaks, examiner, pause }: IntakeDeps,
  { number }: FiledReport,
  { token, credentials: digests, pins, isLeft, requestId }: PendingReport,
): Promise<TokenFindings | null> {
  const withdrawn = await again(pause, () => withdrawReported(leaks, digests, { number, requestId }));
  const credentials = withdrawn.credentials.filter(({ holder }) => holder !== null || !isLeft);
  const found = token && (await again(pause, () => examiner.examine(token)));
  const failure = withdrawn.failure ?? found?.failure ?? null;
  if (found === null && credentials.length === 0 && pins === 0 && failure === null) return null;
  return { ...NOTHING_FOUND, ...found, credentials, pins, failure };
}

async function again<T extends Pick<TokenFindings, 'failure'>>(
  pause: IntakeDeps['pause'],
  query: () => Promise<T>,
): Promise<T> {
  let found = await query();
  for (const ms of PAUSES_MS) {
    if (found.failure === null) break;
    await pause(ms);
    found = await query();
  }
  return found;
}

/** In which report credentials were shown. */
interface ReportReference {
  readonly number: string;
  readonly requestId: string | null;
}

/** Past these, credentials that nobody has could be made up to fill the disk. All that are known are withdrawn. */
const MOST_LISTED = 20;

/**
 * Asks by digests, withdraws what was given out here, since whoever shows it has it, and has the alarm of a decoy rung.
 * It never rejects for what was shown: why it could not be done stands in `failure`, and doing it again does no harm.
 */
async function withdrawReported(
  leaks: Pick<LeakService, 'find' | 'withdraw'>,
  digests: readonly Buffer[],
  { number, requestId }: ReportReference,
): Promise<Pick<TokenFindings, 'credentials' | 'failure'>> {
  const place = `report ${number}`;
  const leak = { place, source: 'report', reportedBy: `report:${number}` };
  const actor = { ...KEYWARD, requestId };
  let known: readonly (KnownSecret | undefined)[] = digests.map(() => undefined);
  try {
    const query = digests.map((digest) => ({ of: 'credential', digest }) as const);
    const by = { reportedBy: null, remote: undefined, requestId, places: digests.map(() => place) };
    known = await leaks.find(query, by);
    for (const each of known) if (each) await leaks.withdraw(each, leak, actor);
    return { credentials: listed(known), failure: null };
  } catch (error) {
    if (!(error instanceof KeywardError)) throw error;
    return { credentials: listed(known), failure: error.code };
  }
}

/** Those that are known first. */
function listed(known: readonly (KnownSecret | undefined)[]): CredentialTrace[] {
  return known
    .map(traceOf)
    .sort((one, other) => Number(one.holder === null) - Number(other.holder === null))
    .slice(0, MOST_LISTED);
}

function traceOf(known: KnownSecret | undefined): CredentialTrace {
  if (!known || known.kind === 'token') return { holder: null, live: false };
  const holder = known.kind === 'client_credential' ? 'client' : 'operator';
  return { holder: `${holder}:${known.holderId}`, live: known.live };
}
