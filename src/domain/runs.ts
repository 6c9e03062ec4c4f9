import { auditDetailsIn } from './audit-details.ts';
import type { RunDescription } from '../kernel/runs.ts';

/** A run as the database has it: its key counts as far as its certificate says so. */
export interface StoredRun extends RunDescription {
  /** Compact JWS by the audit key; null until the HSM has signed it. */
  readonly certificate: string | null;
}

/** The audit event that keeps a certificate a second time, so that a row which is taken away is made again. */
export const RUN_CERTIFIED = 'run.certified';
/** Its subject: these events are found by it. */
export const RUNS_SUBJECT = 'runs';

export interface ToldCertificate {
  /** Of the audit event. */
  readonly sequence: number;
  readonly runId: string;
  /** Compact JWS, to be verified: nobody vouches for the event. */
  readonly certificate: string;
}

/** Undefined where the event does not name both. */
export function toldCertificate(sequence: number, detailsJson: string): ToldCertificate | undefined {
  const { run, certificate } = auditDetailsIn(detailsJson);
  if (typeof run !== 'string' || typeof certificate !== 'string') return undefined;
  return { sequence, runId: run, certificate };
}

export interface Runs {
  /** This process's own. */
  readonly own: StoredRun;
  /** `store_unavailable`. */
  certify(certificate: string): Promise<void>;
  /** The certificates that the audit trail keeps, in order. */
  told(): Promise<readonly ToldCertificate[]>;
  /** Writes a run's row as it was; `why`, where given, is told as an event. `store_unavailable`. */
  repair(run: StoredRun, why?: string): Promise<void>;
  find(id: string): Promise<StoredRun | undefined>;
  all(): Promise<readonly StoredRun[]>;
}
