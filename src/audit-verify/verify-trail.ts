import { type Checkpoint, mapChains } from '../domain/checkpoint.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import { type AcceptedRestore, AcceptedRestores } from './accepted-restores.ts';
import { CheckpointAssertions } from '../audit/verify/checkpoint-assertions.ts';
import type { Findings } from './finding.ts';
import type { SinkTestimony } from '../audit/verify/sink-testimony.ts';
import type { TrailSource } from './trail-source.ts';
import { type SavedCheckpoint, verifyCheckpoints } from './verify-checkpoints.ts';
import { verifyEvents } from '../audit/verify/verify-events.ts';
import { verifyLedger } from '../audit/verify/verify-ledger.ts';
import { verifyRevocations } from '../audit/verify/verify-revocations.ts';

/** How many of each were checked; null where the source does not hold them. */
export interface TrailCounts {
  readonly checkpoints: number | null;
  readonly events: number | null;
  readonly groups: number | null;
  readonly revocations: number | null;
}

const UNITS = { audit: 'event', ledger: 'group', revocations: 'revocation', registry: 'change' } as const;

/** What no checkpoint covers; null where the source does not hold it. */
export interface Uncovered {
  readonly events: number;
  readonly groups: number | null;
  readonly revocations: number | null;
  /** When the last checkpoint was taken, seconds since the epoch; null where there is none. */
  readonly since: number | null;
}

export interface TrailVerdict {
  readonly counts: TrailCounts;
  readonly uncovered: Uncovered;
  /** The last one that the audit key signed. */
  readonly checkpoint: Checkpoint | undefined;
  /** What the checkpoints saw of the registry, which is verified by its own signatures. */
  readonly registry: CheckpointAssertions;
  /** What two persons accepted as lost. */
  readonly restores: readonly AcceptedRestore[];
}

/**
 * Recomputes every chain of the source and holds it against every checkpoint, the saved ones included, and against
 * what sinks have seen.
 */
export async function verifyTrail(
  source: TrailSource,
  key: AuditPublicKey,
  saved: readonly SavedCheckpoint[],
  findings: Findings,
  sinks: readonly SinkTestimony[] = [],
): Promise<TrailVerdict> {
  const expectations = mapChains((name) => new CheckpointAssertions(name, UNITS[name], findings));
  const restores = new AcceptedRestores(source.events());
  const parts = { key, expectations, restores, findings };
  const { count: checkpoints, last } = await verifyCheckpoints(
    source.checkpoints(),
    [...saved, ...sinks.flatMap((sink) => sink.checkpoints)],
    parts,
  );
  for (const { from, events } of sinks) {
    for (const [sequence, hash] of events) expectations.audit.expect(sequence, hash, from);
  }
  if (checkpoints === 0) {
    findings.add(
      'checkpoints',
      'gap',
      'checkpoint 1',
      'there is none: nothing shows that the rest is as it was written',
    );
  }
  restores.finish(findings);
  const events = verifyEvents(source.events(), expectations.audit, findings);
  const groups = source.groups();
  const revocations = source.revocations();
  const counts = {
    checkpoints,
    events,
    groups: groups ? verifyLedger(groups, expectations.ledger, findings) : null,
    revocations: revocations ? verifyRevocations(revocations, expectations.revocations, findings) : null,
  };
  return {
    counts,
    uncovered: uncoveredBy(last, counts),
    checkpoint: last,
    registry: expectations.registry,
    restores: restores.all(),
  };
}

function uncoveredBy(
  last: Checkpoint | undefined,
  {
    events,
    groups,
    revocations,
  }: Pick<TrailVerdict['counts'], 'groups' | 'revocations'> & { events: number },
): Uncovered {
  const behind = (count: number, covered = 0) => Math.max(0, count - covered);
  return {
    events: behind(events, last?.heads.audit.sequence),
    groups: groups === null ? null : behind(groups, last?.heads.ledger.sequence),
    revocations: revocations === null ? null : behind(revocations, last?.heads.revocations.sequence),
    since: last?.time ?? null,
  };
}
