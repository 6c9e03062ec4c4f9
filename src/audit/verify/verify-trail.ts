import { mapChains } from '../../domain/checkpoint.ts';
import type { AuditPublicKey } from '../../token/checkpoint.ts';
import { type AcceptedRestore, AcceptedRestores } from './accepted-restores.ts';
import { Expectations } from './expectations.ts';
import type { Findings } from './finding.ts';
import type { TrailSource } from './trail-source.ts';
import { type SavedCheckpoint, verifyCheckpoints } from './verify-checkpoints.ts';
import { verifyEvents } from './verify-events.ts';
import { verifyLedger } from './verify-ledger.ts';
import { verifyRevocations } from './verify-revocations.ts';

/** How many of each were checked; null where the source does not hold them. */
export interface TrailCounts {
  readonly checkpoints: number;
  readonly events: number;
  readonly groups: number | null;
  readonly revocations: number | null;
}

const UNITS = { audit: 'event', ledger: 'group', revocations: 'revocation', registry: 'change' } as const;

export interface TrailVerdict {
  readonly counts: TrailCounts;
  /** What the checkpoints saw of the registry, which is verified by its own signatures. */
  readonly registry: Expectations;
  /** What two persons accepted as lost. */
  readonly restores: readonly AcceptedRestore[];
}

/** Recomputes every chain of the source and holds it against every checkpoint, the saved ones included. */
export async function verifyTrail(
  source: TrailSource,
  key: AuditPublicKey,
  saved: readonly SavedCheckpoint[],
  findings: Findings,
): Promise<TrailVerdict> {
  const expectations = mapChains((name) => new Expectations(name, UNITS[name], findings));
  const restores = new AcceptedRestores(source.events());
  const parts = { key, expectations, restores, findings };
  const checkpoints = await verifyCheckpoints(source.checkpoints(), saved, parts);
  restores.finish(findings);
  const events = verifyEvents(source.events(), expectations.audit, findings);
  const groups = source.groups();
  const revocations = source.revocations();
  return {
    counts: {
      checkpoints,
      events,
      groups: groups ? verifyLedger(groups, expectations.ledger, findings) : null,
      revocations: revocations ? verifyRevocations(revocations, expectations.revocations, findings) : null,
    },
    registry: expectations.registry,
    restores: restores.all(),
  };
}
