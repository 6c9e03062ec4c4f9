import type { FiledReport } from '../../domain/reports/case.ts';
import { newCaseNumber } from '../../domain/reports/case-number.ts';
import type { ShownToken, TokenExaminer } from '../../domain/reports/examiner.ts';
import type { ReportIntake, ReportStore } from '../../domain/reports/report-desk.ts';
import type { ReportTelling } from '../../domain/reports/telling.ts';

export interface IntakeParts {
  readonly store: Pick<ReportStore, 'file' | 'examined'>;
  readonly examiner: TokenExaminer;
  readonly alarm: Pick<ReportTelling, 'tell'>;
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

/** Files what is reported, answers, and looks into it then: one at a time, so that a flood costs little. */
export function createReportIntake(parts: IntakeParts): RunningIntake {
  const { store, examiner, onFailure } = parts;
  const waiting = new Set<string>();
  let stopped = false;
  let last: Promise<void> = Promise.resolve();
  const lookInto = async (report: FiledReport, shown: ShownToken | null) => {
    if (!stopped) await examine(parts, report, shown);
  };
  return {
    async receive({ scopeId, token, text, contact, requestId }) {
      const number = newCaseNumber();
      const digest = token === null ? null : examiner.digestOf(token);
      const report = await store.file({ number, scopeId, digest, suspicion: { text, contact }, requestId });
      if (waiting.size >= MOST_WAITING) return number;
      const shown = token === null ? null : { scopeId, token, requestId };
      waiting.add(number);
      last = last
        .then(() => lookInto(report, shown))
        .catch((error: unknown) => onFailure(error, number))
        .finally(() => waiting.delete(number));
      return number;
    },
    async examineLeft(report) {
      if (!waiting.has(report.number)) await lookInto(report, null);
    },
    stop() {
      stopped = true;
      return last;
    },
  };
}

/** Told before it is written down, so that a look that was cut short is repeated; it is told once all the same. */
async function examine(
  { store, examiner, alarm, pause }: IntakeParts,
  report: FiledReport,
  shown: ShownToken | null,
): Promise<void> {
  const findings = shown && (await examined(examiner, shown, pause));
  await alarm.tell(report, findings);
  await store.examined(report.number, findings);
}

async function examined(examiner: TokenExaminer, shown: ShownToken, pause: IntakeParts['pause']) {
  let findings = await examiner.examine(shown);
  for (const ms of PAUSES_MS) {
    if (findings.failure === null) return findings;
    await pause(ms);
    findings = await examiner.examine(shown);
  }
  return findings;
}
