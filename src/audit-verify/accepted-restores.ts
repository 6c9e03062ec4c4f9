import type { Findings, StoredEvent } from '../kernel/audit.ts';
import { auditDetailsIn, type ChainName, type Checkpoint } from '../kernel/audit-chain.ts';
import {
  areLost,
  gapDetails,
  gapIn,
  isAcknowledged,
  RESTORE_ACCEPTED,
  type RecordGap,
} from '../kernel/record-gap.ts';

export interface AcceptedRestore {
  readonly gap: RecordGap;
  /** Of the audit event that tells of it. */
  readonly sequence: number;
}

type Accepted = AcceptedRestore & { covered: boolean };

/**
 * What the audit trail says that two persons accepted as lost. The word of an event counts once a checkpoint covers
 * it: whatever comes after the last checkpoint, whoever writes to the database may have written.
 */
export class AcceptedRestores {
  readonly #accepted: readonly Accepted[];

  constructor(events: Iterable<StoredEvent>) {
    const accepted: Accepted[] = [];
    for (const { type, sequence, detailsJson } of events) {
      const gap = type === RESTORE_ACCEPTED ? gapIn(auditDetailsIn(detailsJson)) : undefined;
      if (gap) accepted.push({ gap, sequence, covered: false });
    }
    this.#accepted = accepted;
  }

  all(): readonly AcceptedRestore[] {
    return this.#accepted;
  }

  waive(number: number, chain: ChainName, sequence: number): boolean {
    const gaps = this.#accepted.map(({ gap }) => gap);
    return isAcknowledged(gaps, number, chain, sequence);
  }

  /** Whether two persons knew that the checkpoints between these two are lost. */
  explainsJump(before: number, after: number): boolean {
    const gaps = this.#accepted.map(({ gap }) => gap);
    return areLost(gaps, before + 1, after - 1);
  }

  cover({ number, heads }: Checkpoint): void {
    for (const each of this.#accepted) {
      if (number > each.gap.lastCheckpoint && heads.audit.sequence >= each.sequence) each.covered = true;
    }
  }

  finish(findings: Findings): void {
    for (const { gap, sequence, covered } of this.#accepted) {
      if (covered) continue;
      const detail = `it says that what checkpoints ${gap.firstCheckpoint} to ${gap.lastCheckpoint} saw is lost, and no later checkpoint covers it`;
      findings.add('checkpoints', 'refused', `event ${sequence}`, detail);
    }
  }
}

/**
 * Each must stand in the registry too, as the registry key signed it; but for one that was itself lost in a later
 * restore, of which the trail alone tells.
 */
export function refuseUnsigned(
  accepted: readonly AcceptedRestore[],
  signed: readonly RecordGap[],
  findings: Findings,
): void {
  for (const { gap, sequence } of accepted) {
    const isLost = signed.some(
      ({ firstEvent, lastEvent }) => firstEvent <= sequence && sequence <= lastEvent,
    );
    const told = JSON.stringify(gapDetails(gap));
    if (isLost || signed.some((each) => JSON.stringify(gapDetails(each)) === told)) continue;
    const detail = 'it tells of an accepted restore that the registry key has not signed';
    findings.add('audit', 'refused', `event ${sequence}`, detail);
  }
}
